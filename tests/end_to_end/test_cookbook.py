"""Every example of the cookbook, run as it stands in the docs."""

import os
import re
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.home import POCKETLLM, Home
from tests.support.jq import put_on_path
from tests.support.upstream import Upstream

ROOT = Path(__file__).parents[2]
EXAMPLES: dict[str, str] = dict(
    re.findall(
        r"^## (.+?)\n.*?^```sh\n(.+?)^```$", (ROOT / "docs/cookbook.md").read_text(), re.M | re.S
    )
)

# What each leaves behind, by its heading: a file (or stdout) and something in it.
SEEN: dict[str, tuple[str | None, str]] = {
    "A commit message": (".git/COMMIT_EDITMSG", "PASS"),
    "Which lines of a log need a person": ("triage.md", "PASS"),
    "A summary of every file, four at a time": ("notes/b c.txt.summary", "PASS"),
    "Only the code": ("today.sh", "date"),
    "Fields of an answer": (None, '"output_tokens": 5'),
    "As it is written": (None, "PASS"),
    "One chat over many runs of a script": ("report.md", "PASS"),
    "A gate in CI": ("verdict.txt", "merged"),
    "What failed, and what to do about it": ("problem.txt", "no such model"),
    "Titles, and what they cost": (None, "Nightly"),
    "A picture for a page": ("balloon.png", "PNG"),
    "Several pictures at once": ("paths.txt", "private/generated_images/"),
    "A link for somebody else": ("link.txt", "/storage/v1/object/sign/user_assets/private/"),
    "A backup that can be brought in again": ("chats.json", '"format": "pocketllm-chats"'),
}


@pytest.fixture(scope="module")
def person(
    home: Home,
    provider: Upstream,
    addresses: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Home:
    """Somebody with an account and a model, in a folder with what the examples work on."""
    folder, status = tmp_path_factory.mktemp("cookbook"), home.status()
    (folder / "bin").mkdir()
    (folder / "bin" / "pocketllm").symlink_to(POCKETLLM)
    put_on_path(folder / "bin")
    person = Home(folder, {"PATH": f"{folder}/bin:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)})
    add = ("context", "add", "there", "--url", status["url"])
    model = (
        "models",
        "add",
        "code",
        "--provider",
        "openai-compatible",
        "--model",
        "code",
        "--default",
    )
    for command, stdin in (
        ((*add, "--anon-key", status["publishable_key"]), b""),
        (
            ("signup", "--email", f"{uuid4().hex}@example.com", "--password-stdin"),
            b"a long password\n",
        ),
        ((*model, "--base-url", addresses["code"], "--key-stdin"), b"sk-canary-0123456789\n"),
        (("chats", "new", "Nightly"), b""),
        (("images", "create", "a kite", "-m", "test/test"), b""),
    ):
        done = person.run(*command, stdin=stdin)
        assert done.code == 0, done.err
    (folder / "app.log").write_text("ok\nERROR disk full\n" * 50)
    (folder / "notes").mkdir()
    for name in ("a.txt", "b c.txt"):
        (folder / "notes" / name).write_text("a note")
    git = (
        "git init -q && git config user.name a && git config user.email a@example.com"
        " && git add app.log && git commit -qm 1"
        " && echo more >> app.log && git commit -qam 2 && git add notes"
    )
    subprocess.run(["bash", "-c", git], cwd=folder, check=True, env=person.environment)
    return person


def test_every_example_has_something_to_be_seen_by() -> None:
    assert set(EXAMPLES) == set(SEEN)


@pytest.mark.parametrize("heading", SEEN)
def test_the_example_does_what_it_says(person: Home, heading: str) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", EXAMPLES[heading]],
        cwd=person.folder,
        env=person.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
    )

    assert done.returncode == 0, done.stderr
    file, text = SEEN[heading]
    seen = (person.folder / file).read_text(errors="replace") if file else done.stdout
    assert text in seen
