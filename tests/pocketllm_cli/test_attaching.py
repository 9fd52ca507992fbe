"""`ask -a` as a person at a terminal sees it, and what it says when a file cannot be stored."""

from pathlib import Path

from tests.pocketllm_cli.conftest import Cli
from tests.pocketllm_cli.drawn import drawn
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.test_process import run_on_terminal


def test_how_far_a_large_file_is_shows_on_a_terminal_and_leaves_no_trace(
    backend: FakeBackend, tmp_path: Path
) -> None:
    (tmp_path / "log.txt").write_text("a line\n" * 200_000)

    code, written = run_on_terminal(
        ["ask", "--raw", "-a", str(tmp_path / "log.txt"), "What is it?"], 80, 24
    )

    assert code == 0, written
    assert "Uploading log.txt: 100 % of 1.4 MB\x1b[K\r\x1b[K" in written
    assert written.endswith("Paris it is.\r\n")


def test_a_file_that_is_not_taken_says_how_to_make_room_and_leaves_nothing(
    backend: FakeBackend, cli: Cli, tmp_path: Path
) -> None:
    backend.storage.most_bytes = 10
    (tmp_path / "a.txt").write_text("short")
    (tmp_path / "b.txt").write_text("longer than that")

    result = cli("ask", "-a", str(tmp_path / "a.txt"), "-a", str(tmp_path / "b.txt"), "Why?")

    assert result.exit_code == 2
    assert "exceeded the maximum allowed size" in result.err
    assert "pocketllm files remove" in result.err
    assert not backend.storage.objects
    assert not backend.tables["chats"]
    assert not [body for body in backend.bodies if "prompt" in body]


def test_a_pattern_that_no_shell_expanded_names_the_files_that_fit(
    backend: FakeBackend, cli: Cli, tmp_path: Path
) -> None:
    for name in ("b.md", "a.md", "c.txt", "odd[1].txt"):
        (tmp_path / name).write_text(name)

    asked = cli("ask", "-a", f"{tmp_path}/*.md", "-a", f"{tmp_path}/odd[1].txt", "What are they?")
    nothing = cli("ask", "-a", f"{tmp_path}/*.pdf", "What are they?")
    address = cli("ask", "-a", "https://example.org/a.png", "What is it?")

    assert asked.exit_code == 0, asked.err
    names = [path.rpartition("/")[2] for path in backend.bodies[0]["attachments"]]
    assert names == ["a.md", "b.md", "odd_1_.txt"]
    assert (nothing.exit_code, address.exit_code) == (2, 2)
    assert "No file fits" in nothing.err
    assert "curl -O https://example.org/a.png" in address.err


def test_what_is_piped_is_the_file_where_a_dash_says_so(backend: FakeBackend, cli: Cli) -> None:
    asked = cli("ask", "-a", "-", "What is it?", stdin=drawn())
    nothing = cli("ask", "-a", "-", "What is it?", stdin=b"")

    assert asked.exit_code == 0, asked.err
    assert backend.bodies[0]["prompt"] == "What is it?"
    assert backend.bodies[0]["attachments"][0].endswith("/stdin.png")
    assert nothing.exit_code == 2
    assert "nothing to attach" in nothing.err
