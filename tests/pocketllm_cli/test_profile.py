import json

import pytest

from pocketllm_cli.errors import ExitCode
from tests.pocketllm_cli.conftest import Cli
from tests.pocketllm_cli.fake_backend import FakeBackend

FIELDS = ["full_name", "username", "bio", "date_of_birth", "profession", "avatar_url"]


@pytest.fixture
def profile(backend: FakeBackend) -> dict[str, object]:
    row: dict[str, object] = {"id": "1", **dict.fromkeys(FIELDS)}
    backend.tables["profiles"].append(row)
    return row


def test_an_empty_profile_says_how_to_fill_it(cli: Cli, profile: dict[str, object]) -> None:
    assert "pocketllm profile edit" in cli("profile").out


def test_what_is_given_is_changed_and_the_rest_is_left(
    cli: Cli, profile: dict[str, object]
) -> None:
    cli("profile", "edit", "--name", " Ada ", "--born", "1815-12-10", "--bio", "x")
    cleared = cli("profile", "edit", "--bio", "", "--json")

    assert profile == {"id": "1", **dict.fromkeys(FIELDS)} | {
        "full_name": "Ada",
        "date_of_birth": "1815-12-10",
    }
    assert list(json.loads(cleared.out)) == FIELDS
    assert cli("profile", "show").out == "name  Ada\nborn  1815-12-10\n"


@pytest.mark.parametrize(
    "argv",
    [(), ("--born", "yesterday"), ("--born", "1700-01-01"), ("--username", "x" * 61)],
    ids=lambda argv: " ".join(argv)[:20],
)
def test_what_cannot_be_is_told_before_anything_is_asked(
    cli: Cli, backend: FakeBackend, argv: tuple[str, ...]
) -> None:
    assert cli("profile", "edit", *argv).exit_code == ExitCode.USAGE
    assert not backend.seen
