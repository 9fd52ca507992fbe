"""`config.toml` changed by programs, as people who write in it by hand want it."""

import subprocess
import sys
from pathlib import Path

import pytest

from pocketllm_cli.config_edits import add_context, remove_context, set_value, use_context
from pocketllm_cli.contexts import Contexts
from pocketllm_cli.errors import ContextNotFound, LocalFileProblem, UsageProblem
from pocketllm_cli.models import Context
from pocketllm_cli.tui.config_file import ConfigFile

BY_HAND = """\
# the machine at work
current = "work"  # for now
future = [1, 2]

[terminal]
# easier on my eyes
theme = "light"
mouse=false

[keys]
chat.new = "f12"   # as in the other program
"chat.list" = "f11"

# ours
[contexts.work]
url = "https://work.example"
anon_key = "sb_publishable_1"
note = "ask Ada"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "config" / "config.toml"
    file.parent.mkdir()
    file.write_text(BY_HAND)
    return file


def test_nothing_but_the_value_that_was_changed_is_another(file: Path) -> None:
    set_value(file, "terminal", "theme", "dark")
    set_value(file, "keys", "chat.new", "f9")

    wanted = BY_HAND.replace('"light"', '"dark"').replace('"f12"', '"f9"')
    assert file.read_text() == wanted
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_value_that_is_taken_out_takes_its_line_along(file: Path) -> None:
    set_value(file, "terminal", "mouse", None)
    set_value(file, "keys", "chat.list", None)
    set_value(file, "keys", "chat.rename", None)

    wanted = BY_HAND.replace("mouse=false\n", "").replace('"chat.list" = "f11"\n', "")
    assert file.read_text() == wanted


def test_a_context_comes_and_goes_and_the_others_stay_as_they_were(file: Path) -> None:
    add_context(file, Context("home", "https://home.example", "sb_publishable_2"))
    use_context(file, "home")
    added = Contexts.load(file)
    remove_context(file, "home")

    assert (added.current, list(added.named)) == ("home", ["work", "home"])
    assert Contexts.load(file).current is None
    for line in BY_HAND.splitlines():
        if not line.startswith("current"):
            assert line in file.read_text()


def test_a_first_value_makes_the_file_and_says_what_it_is_for(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.toml"
    set_value(file, "terminal", "mouse", False)
    add_context(file, Context("work", "https://work.example", "sb_publishable_1"))

    assert file.read_text().startswith("# Contexts and settings")
    assert Contexts.load(file).terminal == {"mouse": False}
    assert Contexts.load(file).current == "work"


def test_a_change_that_cannot_be_made_leaves_the_file_alone(file: Path) -> None:
    with pytest.raises(ContextNotFound):
        use_context(file, "nowhere")
    with pytest.raises(UsageProblem):
        add_context(file, Context("x", "http://host.example", "k"))
    assert file.read_text() == BY_HAND

    file.write_text("current = [")
    with pytest.raises(UsageProblem):
        set_value(file, "terminal", "mouse", False)
    assert file.read_text() == "current = ["


def test_a_link_is_not_written_through(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "linked.toml"
    link.symlink_to(file)

    with pytest.raises(LocalFileProblem):
        set_value(link, "terminal", "mouse", True)
    assert file.read_text() == BY_HAND


def test_no_change_is_lost_when_several_programs_write_at_once(file: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from pocketllm_cli.config_edits import set_value\n"
        "for i in range(8): set_value(Path(sys.argv[1]), 'keys', f'a.{sys.argv[2]}{i}', 'f1')"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, str(file), name]) for name in "xyz"]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]

    kept = Contexts.load(file).keys
    assert {f"a.{name}{number}" for name in "xyz" for number in range(8)} <= kept.keys()
    assert kept["chat.new"] == "f12"


def test_what_cannot_be_used_is_told_with_its_line_and_the_rest_is_taken(file: Path) -> None:
    file.write_text(
        '[terminal]\ntheme = "pink"\nmouse = false\nsparkle = 3\n'
        '[keys]\nchat.new = 7\n"chat.fly" = "f"\n"chat.list" = "f11"\n'
    )
    config = ConfigFile(file)

    options = config.options()
    told = config.problems()

    assert (options.theme, options.mouse, dict(options.keys)) == (
        "auto",
        False,
        {"chat.list": "f11"},
    )
    assert "config.toml, line 2: “theme” must be one of auto" in told[0]
    assert "config.toml, line 4: “sparkle” is no option" in told[1]
    assert "config.toml, line 6: “chat.new” must be a list of keys" in told[2]
    assert "config.toml, line 7: “chat.fly” is no action" in told[3]


def test_an_unknown_setting_is_kept_and_told_and_stops_nothing(file: Path) -> None:
    contexts = Contexts.load(file)

    assert contexts.current == "work"
    assert contexts.problems == (
        "config.toml, line 18: “note” is no setting. It is left aside.",
        "config.toml, line 3: “future” is no setting. It is left aside.",
    )


def test_a_wrong_value_of_a_context_is_told_with_its_line(file: Path) -> None:
    file.write_text(BY_HAND.replace("https://work", "http://work"))

    with pytest.raises(UsageProblem) as failed:
        Contexts.load(file)
    assert "config.toml, line 16, cannot be used" in failed.value.message
    assert "use https" in failed.value.message
