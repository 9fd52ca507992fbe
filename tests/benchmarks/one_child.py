"""Runs a command and writes its peak memory in bytes to stderr, on a last line of its own.

A process counts the memory of the one it came from until it becomes its own program, so this one
imports next to nothing and is started with `-S -E`.
"""

import resource
import subprocess
import sys

if __name__ == "__main__":
    done = subprocess.run(sys.argv[1:])
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(peak if sys.platform == "darwin" else peak * 1024, file=sys.stderr)
    sys.exit(done.returncode)
