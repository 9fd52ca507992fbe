"""Accounts of people on the real backend, each on a machine of their own."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.home import Home, Ran
from tests.support.upstream import Upstream

pytestmark = pytest.mark.backend

PASSWORD = b"correct horse battery"
Machine = Callable[..., Ran]


@pytest.fixture
def machine(home: Home, tmp_path: Path) -> Callable[[str], Machine]:
    """Give machines that know the backend by its address."""
    status = home.status()
    extra = {"POCKETLLM_URL": status["url"], "POCKETLLM_ANON_KEY": status["publishable_key"]}

    def make(name: str) -> Machine:
        folder = str(tmp_path / name)
        return lambda *argv, **more: home.run(*argv, **(extra | {"POCKETLLM_HOME": folder} | more))

    return make


def sign(machine: Machine, verb: str, email: str, password: bytes = PASSWORD) -> None:
    done = machine(verb, "--email", email, "--password-stdin", stdin=password)
    assert done.code == 0, done.err


def test_a_new_password_ends_the_sessions_elsewhere_and_keeps_this_one(
    machine: Callable[[str], Machine],
) -> None:
    here, elsewhere, email = machine("here"), machine("elsewhere"), f"{uuid4().hex}@example.org"
    sign(here, "signup", email)
    sign(elsewhere, "login", email)

    changed = here("password", "--password-stdin", stdin=b"another horse battery\n")
    ended = elsewhere("chats", "list")

    assert "Other sessions of this account are signed out" in changed.text, changed.err
    assert here("chats", "list").code == 0
    assert (ended.code, "pocketllm login" in ended.err) == (3, True)
    sign(elsewhere, "login", email, b"another horse battery")


def test_a_user_name_that_is_taken_is_said_in_a_sentence(
    machine: Callable[[str], Machine],
) -> None:
    name = uuid4().hex
    for person in ("one", "two"):
        sign(machine(person), "signup", f"{person}-{name}@example.org")

    first = machine("one")("profile", "edit", "--username", name)
    second = machine("two")("profile", "edit", "--username", name)

    assert first.text == f"user name  {name}\n"
    assert (second.code, second.err.splitlines()[0]) == (
        2,
        "error: This username cannot be used.",
    )


def test_a_chat_is_found_by_what_was_said_in_it(machine: Callable[[str], Machine]) -> None:
    # Letters alone: among digits an e would make a number, which is a word by itself.
    mine, word = machine("mine"), uuid4().hex.translate(str.maketrans("0123456789", "ghijklmnop"))
    sign(mine, "signup", f"{word}@example.org")
    made = mine("chats", "new", f"about {word}", "--json").json()

    assert f"about **{word}**" in mine("chats", "search", f'"{word}').text
    assert mine("chats", "list", "--search", word[:6], "--json").json() == [made]


def test_the_doctor_finds_nothing_wrong(
    machine: Callable[[str], Machine], provider: Upstream, addresses: dict[str, str]
) -> None:
    mine = machine("mine")
    sign(mine, "signup", f"{uuid4().hex}@example.org")
    added = mine(
        *("models", "add", "any", "--provider", "openai-compatible", "--model", "any"),
        *("--base-url", addresses["any"], "--default", "--key-stdin"),
        stdin=b"sk-canary-0123456789",
    )

    done = mine("doctor", "--json")

    assert added.code == 0, added.err
    assert {finding["state"] for finding in done.json()} == {"ok"}, done.text
    assert done.code == 0
