"""What is published: built as for a release, looked through, and installed where nothing is."""

import importlib.metadata
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

import pytest
import readme_renderer.markdown
from packaging.requirements import Requirement

import backend_functions
import pocketllm_cli

ROOT = Path(__file__).resolve().parents[1]
NOT_CODE = ("LICENSE", "METADATA", "RECORD", "WHEEL", "entry_points.txt", "py.typed")
IMPORT_EVERYTHING = """
import importlib, pkgutil, pocketllm_cli
for module in pkgutil.walk_packages(pocketllm_cli.__path__, "pocketllm_cli."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built of it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    [wheel] = built.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        [name] = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return HeaderParser().parsestr(archive.read(name).decode())


@pytest.fixture(scope="module")
def machine(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the client and what its metadata demands, and nothing else."""
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    [packages] = folder.glob("lib/python*/site-packages")
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin/python"), "install"]
    subprocess.run(
        [*pip, "--quiet", "--no-deps", "--no-index", "--no-compile", str(wheel)], check=True
    )
    [installed] = importlib.metadata.distributions(name="pocketllm", path=[str(packages)])
    for name in _closure(installed.requires or []):
        _link(importlib.metadata.distribution(name), packages)
    return folder


def test_the_wheel_has_all_that_runs_and_nothing_else(names: set[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    kinds = {Path(name).suffix for name in names if Path(name).name not in NOT_CODE}

    assert {top for top in tops if "dist-info" not in top} == {"pocketllm_cli", "backend_functions"}
    assert kinds == {".py", ".sql", ".tcss"}


@pytest.mark.parametrize("package", ["pocketllm_cli", "backend_functions"])
def test_every_file_of_a_package_is_in_the_wheel(names: set[str], package: str) -> None:
    files = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert f"{package}/py.typed" in names
    assert files <= names


@pytest.mark.parametrize("folder", ["sql/platform", "sql/supabase/migrations"])
def test_the_migrations_are_in_the_wheel(names: set[str], folder: str) -> None:
    migrations = {f"backend_functions/{folder}/{path.name}" for path in (ROOT / folder).iterdir()}

    assert migrations <= names


def test_the_sdist_is_the_repository_and_nothing_of_who_built_it(built: Path) -> None:
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        tops = {name.split("/")[1] for name in archive.getnames()}

    assert tops == {
        *(".ci", ".gitignore", "LICENSE", "Makefile", "PKG-INFO", "README.md", "pyproject.toml"),
        *("backend_functions", "docs", "pocketllm_cli", "sql", "tests", "zensical.toml"),
    }


def test_the_metadata_says_what_an_index_shows(metadata: Message) -> None:
    assert metadata["Name"] == "pocketllm"
    assert metadata["Summary"]
    assert metadata["License-Expression"] == "MIT"
    assert metadata["License-File"] == "LICENSE"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert set(metadata.get_all("Provides-Extra", [])) == {"server", "local"}
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])


def test_the_readme_can_be_rendered_by_an_index(metadata: Message) -> None:
    page = readme_renderer.markdown.render(str(metadata.get_payload()))

    assert page is not None
    assert ">PocketLLM<" in page


def test_there_is_one_version(metadata: Message, machine: Path) -> None:
    said = _run(machine, "--version").stdout

    assert metadata["Version"] == pocketllm_cli.__version__ == backend_functions.__version__
    assert said == f"pocketllm {metadata['Version']}\n"


def test_the_client_alone_has_all_it_imports(machine: Path) -> None:
    done = subprocess.run(
        [str(machine / "bin/python"), "-I", "-c", IMPORT_EVERYTHING], capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr


def test_the_client_alone_helps(machine: Path) -> None:
    done = _run(machine, "--help")

    assert done.returncode == 0
    assert "ask" in done.stdout


@pytest.mark.parametrize("command", [("ask", "hi"), ("backend", "start"), ("chats", "list")])
def test_without_a_backend_the_client_says_what_to_install(
    machine: Path, command: tuple[str, ...]
) -> None:
    done = _run(machine, *command)

    assert done.returncode == 1
    assert done.stdout == ""
    assert re.search(r"pip install 'pocketllm\[server,local\]'", done.stderr), done.stderr


def _run(machine: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"], "HOME": str(machine.parent)}
    command = [str(machine / "bin/pocketllm"), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL
    )


def _closure(requirements: list[str], extra: str = "") -> Iterator[str]:
    """Yield what these demand here and what that demands in turn; a name may come twice."""
    for requirement in map(Requirement, requirements):
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        yield requirement.name
        further = importlib.metadata.distribution(requirement.name).requires or []
        for asked in ("", *requirement.extras):
            yield from _closure(further, asked)


def _link(distribution: importlib.metadata.Distribution, packages: Path) -> None:
    """Put an installed package into another environment, file by file."""
    for file in distribution.files or ():
        if ".." not in file.parts and "__pycache__" not in file.parts:
            target = packages / file
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                target.symlink_to(Path(str(distribution.locate_file(file))).resolve())
