"""Writing a prompt: lines, pastes, history, commands, files, the editor, other keys."""

import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from pocketllm_cli.errors import UsageProblem
from pocketllm_cli.models import Context
from pocketllm_cli.settings import TerminalSettings
from pocketllm_cli.tui.clipboard import Clipboard, osc52
from pocketllm_cli.tui.editor import write_in_editor
from pocketllm_cli.tui.file_names import mention_at_end, paths_beginning, with_files
from pocketllm_cli.tui.graphemes import boundary_after, boundary_before
from pocketllm_cli.tui.keys import check_keys
from pocketllm_cli.tui.options import TerminalOptions
from pocketllm_cli.tui.slash_commands import parse_command
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import shown_app


async def test_lines_and_pastes_stay_text_until_enter(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    async with shown_app(context, folder) as shown:
        area = shown.screen.composer.area
        await shown.pilot.press("a", "ctrl+j", "b")
        area.post_message(events.Paste("\nrm -rf\r\n\x1b]52;c;eA==\x07x\n"))
        await shown.until(lambda: shown.screen.composer.text == "a\nb\nrm -rf\nx\n")
        assert area.size.height > 3
        assert not fake.bodies
        await shown.pilot.press("enter")
        await shown.until(lambda: shown.screen.current.running is None and len(shown.texts) == 2)

    assert fake.bodies[0]["prompt"] == "a\nb\nrm -rf\nx"


async def test_the_arrows_bring_prompts_back_at_the_edges(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    async with shown_app(context, folder) as shown:
        composer = shown.screen.composer
        await shown.until(lambda: shown.screen.status.connection == "online")
        composer.remember(["first", "second"])
        composer.put("draft")
        await shown.pilot.press("up")
        assert composer.text == "second"
        await shown.pilot.press("up", "up")
        assert composer.text == "first"
        await shown.pilot.press("down", "down")
        assert composer.text == "draft"


async def test_a_slash_offers_commands_and_enter_takes_the_one_that_is_chosen(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    async with shown_app(context, folder) as shown:
        await shown.pilot.press("slash", "n", "e")
        assert shown.screen.composer.has_class("-completing")
        await shown.pilot.press("enter")
        assert shown.screen.composer.text == "/new "
        await shown.pilot.press("enter")
        await shown.until(lambda: shown.screen.composer.text == "")

    assert not fake.bodies


async def test_an_at_sign_completes_paths_and_the_file_goes_along(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    (folder / "notes").mkdir()
    (folder / "notes" / "my plan.txt").write_text("Buy milk")
    async with shown_app(context, folder) as shown:
        composer = shown.screen.composer
        await shown.pilot.press(*"see", "space", "at", "n", "o", "tab")
        assert composer.text == "see @notes/"
        await shown.pilot.press("m", "tab")
        assert composer.text == 'see @"notes/my plan.txt" '
        await shown.pilot.press("enter")
        await shown.until(lambda: fake.bodies)

    assert fake.bodies[0]["prompt"].endswith("notes/my plan.txt:\n```\nBuy milk\n```")


async def test_keys_can_be_changed(fake: FakeBackend, context: Context, folder: Path) -> None:
    keys = {"composer.send": "ctrl+g", "composer.newline": "enter", "app.quit": "f12"}
    options = TerminalOptions(keys=keys, is_still=True)
    async with shown_app(context, folder, options=options) as shown:
        await shown.pilot.press("a", "enter", "b")
        assert shown.screen.composer.text == "a\nb"
        await shown.pilot.press("ctrl+g")
        await shown.until(lambda: len(shown.texts) == 2)
        await shown.pilot.press("ctrl+q")
        assert shown.app.is_running
        await shown.pilot.press("f12")
        await shown.until(lambda: not shown.app.is_running)


def test_a_key_for_no_action_is_refused_with_the_actions_there_are() -> None:
    with pytest.raises(UsageProblem) as failed:
        check_keys("chat.fly", "f")
    assert "chat.new" in failed.value.hint


async def test_the_last_answer_is_copied_and_the_way_is_told(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    async with shown_app(context, folder) as shown:
        written: list[str] = []
        shown.screen.parts.clipboard.write = written.append
        await shown.ask("Where?")
        await shown.until(lambda: len(shown.texts) == 2 and shown.screen.current.running is None)
        await shown.pilot.press("ctrl+up", "y")
        await shown.until(lambda: written)
        assert written == [osc52("Paris it is.")]
        await shown.until(
            lambda: any("OSC 52" in note.message for note in shown.app._notifications)
        )


async def test_the_clipboard_takes_the_tool_of_this_machine_when_it_is_local(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "wl-copy"
    tool.write_text(f"#!/bin/sh\ncat > {tmp_path}/copied\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    local = Clipboard(TerminalSettings(has_wayland=True), tmp_path / "fallback")

    assert await local.copy("héllo") == "with wl-copy"
    assert (tmp_path / "copied").read_text() == "héllo"

    written: list[str] = []
    remote = TerminalSettings(has_wayland=True, is_remote=True)
    assert "terminal" in await Clipboard(remote, tmp_path / "f", written.append).copy("x")
    assert written == [osc52("x")]


async def test_tmux_hands_the_text_on_and_a_file_is_the_last_resort(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "tmux"
    tool.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments; cat > {tmp_path}/copied\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    inside = TerminalSettings(is_remote=True, is_in_tmux=True)
    assert "tmux" in await Clipboard(inside, tmp_path / "f").copy("x")
    assert (tmp_path / "arguments").read_text() == "load-buffer -w -\n"

    nowhere = Clipboard(TerminalSettings(is_remote=True), tmp_path / "last" / "resort.txt")
    assert str(tmp_path / "last" / "resort.txt") in await nowhere.copy("x")
    assert (tmp_path / "last" / "resort.txt").read_text() == "x"


def test_the_editor_gets_the_text_and_gives_it_back(tmp_path: Path) -> None:
    editor = tmp_path / "editor.py"
    editor.write_text("import sys; open(sys.argv[1], 'a').write(' and more\\n')")
    text = write_in_editor("some", f"{sys.executable} {editor}", nullcontext())
    assert text == "some and more"
    with pytest.raises(UsageProblem):
        write_in_editor("some", None, nullcontext())
    with pytest.raises(UsageProblem):
        write_in_editor("some", "/does/not/exist", nullcontext())


def test_only_a_command_that_exists_is_one() -> None:
    assert parse_command("/export json") == ("export", "json")
    assert parse_command("/etc/passwd is what?") is None
    assert parse_command("/new\nlines") is None


def test_a_path_is_being_typed_only_after_an_at_sign_that_begins_a_word() -> None:
    assert mention_at_end("see @src/ma") == "src/ma"
    assert mention_at_end("me@example.org") is None
    assert mention_at_end("@a b") is None


def test_hidden_files_are_offered_only_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / ".env").touch()
    (tmp_path / "eggs").mkdir()
    assert paths_beginning("", tmp_path) == ["eggs/"]
    assert paths_beginning(".e", tmp_path) == [".env"]
    assert paths_beginning("nowhere/x", tmp_path) == []


def test_a_file_that_is_no_text_or_too_large_is_attached(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "b.txt").write_bytes(b"x" * 300_000)

    text, attached = with_files("see @a.bin and @b.txt, @a.bin", tmp_path)

    assert text == "see @a.bin and @b.txt, @a.bin"
    assert attached == [tmp_path / "a.bin"]
    assert with_files("see @b.txt", tmp_path)[1] == [tmp_path / "b.txt"]
    assert with_files("mail me@example.org about @nothing", tmp_path)[1] == []


async def test_without_animation_the_cursor_is_still_too(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    for wanted in (True, False):
        options = TerminalOptions(animation=wanted)
        async with shown_app(context, folder, options=options) as shown:
            assert shown.screen.composer.area.cursor_blink is wanted


async def test_wide_letters_and_emoji_are_typed_and_edited_whole(
    context: Context, folder: Path
) -> None:
    family = "👨\u200d👩\u200d👧"
    async with shown_app(context, folder) as shown:
        area = shown.screen.composer.area
        before = area.cursor_screen_offset.x
        await shown.pilot.press("漢", "字")
        assert (area.text, area.cursor_screen_offset.x - before) == ("漢字", 4)
        await shown.paste(f"{family}e\u0301")
        await shown.see(f"漢字{family}e\u0301")
        await shown.pilot.press("backspace")
        assert area.text == f"漢字{family}"
        await shown.pilot.press("left", "delete")
        assert area.text == "漢字"
        await shown.pilot.press("left", "left", "right", "!")
        assert area.text == "漢!字"
        await shown.pilot.press("home", "ctrl+j", "backspace", "left", "right")
        assert (area.text, area.cursor_location) == ("漢!字", (0, 1))


@pytest.mark.parametrize(
    ("text", "before", "after"), [("abc", 0, 2), ("", 0, 0), ("漢e\u0301x", 0, 3)]
)
def test_a_letter_ends_where_people_see_it_end(text: str, before: int, after: int) -> None:
    assert (boundary_before(text, 1), boundary_after(text, 1)) == (before, after)


async def test_a_question_mark_is_a_letter_where_one_writes_and_shows_the_keys_elsewhere(
    context: Context, folder: Path
) -> None:
    async with shown_app(context, folder) as shown:
        await shown.pilot.press("question_mark")
        assert shown.screen.composer.text == "?"
        await shown.pilot.press("ctrl+up", "question_mark")
        await shown.until(lambda: shown.place == "HelpScreen")


DEEDS = ("rename", "regenerate", "edit", "fork", "archive", "unarchive", "export", "thoughts")


async def test_every_deed_is_in_the_palette_and_each_key_of_it_in_the_help(
    context: Context, folder: Path
) -> None:
    async with shown_app(context, folder) as shown:
        offered = {command.help for command in shown.screen.commands()}
        assert {f"/{deed}" for deed in DEEDS} <= offered
        await shown.pilot.press("f1")
        await shown.until(lambda: shown.place == "HelpScreen")
        for word in ("Rename", "Regenerate", "Edit", "Fork", "Archive", "Undo", "thoughts"):
            shown.app.screen.query_one(Input).value = word
            await shown.until(lambda: "No such key" not in shown.page)
            await shown.see(word)
