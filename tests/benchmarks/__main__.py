"""`make bench`: every measurement, one after the other."""

from tests.benchmarks import pacing, starting, streaming

if __name__ == "__main__":
    starting.main()
    streaming.main()
    pacing.main()
