"""What lies in the folder of the person of the docs: files, a Git repository, other programs."""

import json
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from tests.pocketllm_cli.imports.test_readers import CHATGPT
from tests.support.jq import put_on_path
from tests.support.pdfs import pdf_of

KEY, PASSWORD = "sk-canary-0123456789", "correct horse battery"

_PROGRAMS = {
    "pass": f"""case "$2" in
      *secret) echo "$SUPABASE_SECRET_KEY" ;;
      *db) echo "$SUPABASE_DB_URL" ;;
      mail) echo "{PASSWORD}" ;;
      *) echo "{KEY}" ;;
    esac""",
    "llm": 'echo "$HOME/logs.db"',
    "grim": 'cat "$HOME/photo.jpg"',
    "python": f'exec "{sys.executable}" "$@"',
}
"""Programs that the docs take for granted: a password manager, a screen grabber, and so on."""

_LLM_LOG = """
create table conversations (id text primary key, name text, model text);
create table responses (id text primary key, model text, prompt text, system text, response text,
  conversation_id text, datetime_utc text, input_tokens integer, output_tokens integer);
insert into conversations values ('k', 'Kittens', 'm');
insert into responses values
  ('1', 'm', 'first', 'be brief', 'one', 'k', '2024-01-01T10:00:00', 3, 4);
"""

_TEXTS = {
    "notes.txt": "A note.\n",
    "notes.md": "# A note\n",
    "prompt.txt": "a red balloon\n",
    "Pictures/there": "",
    "app.log": "ok\nERROR disk full\n" * 50,
    ".zfunc/_there": "",
    ".config/fish/completions/there": "",
}


def put_programs(folder: Path) -> None:
    """Write what stands in for other people's programs."""
    folder.mkdir()
    put_on_path(folder)
    for name, script in _PROGRAMS.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)


def put_files(folder: Path) -> None:
    """Write the files that examples read; what an earlier example left of them is replaced."""
    for name, text in _TEXTS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "scans").mkdir(exist_ok=True)
    for name in ("photo.jpg", "oslo.jpg", "scans/1.png", "scans/2.png"):
        Image.new("RGB", (8, 8), "teal").save(folder / name)
    (folder / "report.pdf").write_bytes(pdf_of("The numbers of this year."))
    for name in ("chatgpt.zip", "chatgpt-export.zip"):
        with zipfile.ZipFile(folder / name, "w") as archive:
            archive.writestr("conversations.json", json.dumps(CHATGPT))
    if not (folder / "logs.db").exists():
        with sqlite3.connect(folder / "logs.db") as log:
            log.executescript(_LLM_LOG)


def put_repository(folder: Path, environment: Mapping[str, str]) -> None:
    """Make the folder a Git repository in which something was changed."""
    script = (
        "git init -q && git config user.name a && git config user.email a@example.com"
        " && git add app.log && git commit -qm 1 && echo more >> app.log && git commit -qam 2"
        " && echo more >> app.log && git add notes.txt"
    )
    subprocess.run(["bash", "-ec", script], cwd=folder, check=True, env=dict(environment))
