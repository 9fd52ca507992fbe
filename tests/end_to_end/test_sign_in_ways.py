"""Signing in at the embedded gateway with a mailed code, a mailed link, and a provider's page."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from pocketllm_cli.errors import ExitCode
from tests.support.backend import BackendUser, sign_up
from tests.support.home import POCKETLLM, Home

# Stands in for a browser and the page of a provider: the page knows the challenge and where to lead
# on, and has the auth service give a code for it, which here takes a mail.
BROWSER = """
import sys
from urllib.parse import parse_qs, urlsplit
import httpx
address, key, email = sys.argv[3], sys.argv[1], sys.argv[2]
asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
assert asked["provider"] == "github", asked
body = {
    "email": email,
    "code_challenge": asked["code_challenge"],
    "code_challenge_method": asked["code_challenge_method"],
}
base = address.partition("/authorize")[0]
httpx.post(
    f"{base}/otp", params={"redirect_to": asked["redirect_to"]}, json=body, headers={"apikey": key}
).raise_for_status()
"""


@pytest.fixture
def person(home: Home) -> BackendUser:
    status = home.status()
    return sign_up(status["url"], status["publishable_key"])


@pytest.fixture
def machine(person: BackendUser, new_home: Callable[..., Home]) -> Home:
    """Another machine, on which nobody is signed in yet."""
    return new_home(POCKETLLM_URL=person.url, POCKETLLM_ANON_KEY=person.key)


def mail_to(home: Home, email: str) -> dict[str, Any]:
    """Wait for the newest mail to somebody."""
    while True:
        mails = home.run("backend", "logs", "--mail", "--lines", "20", "--json").json()
        found: list[dict[str, Any]] = [mail for mail in mails if mail["to"] == email]
        if found:
            return found[-1]
        time.sleep(0.05)


def start(machine: Home, *arguments: str, **extra: str) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [POCKETLLM, "login", *arguments],
        env=machine.environment | extra,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
    )


def last_address(link: str) -> str:
    """Follow a link up to this machine, as a browser elsewhere does, and return where it ends."""
    response = httpx.get(link, follow_redirects=False)
    assert response.status_code == 303
    return response.headers["location"]


def assert_signed_in(machine: Home, person: BackendUser, out: bytes) -> None:
    assert f"Signed in as {person.email}".encode() in out
    assert machine.run("whoami", "--json").json()["email"] == person.email


def test_a_mailed_code_signs_in_once(home: Home, machine: Home, person: BackendUser) -> None:
    asked = machine.run("login", "--otp", "--email", person.email)
    code = mail_to(home, person.email)["code"].encode()
    login = ("login", "--otp", "--code-stdin", "--email", person.email)
    wrong = machine.run(*login, stdin=b"000000\n")
    done = machine.run(*login, stdin=code + b"\n")
    again = machine.run(*login, stdin=code)

    assert asked.code == ExitCode.AUTH
    assert "--code-stdin" in asked.err
    assert wrong.code == again.code == ExitCode.AUTH
    assert_signed_in(machine, person, done.out)


def test_a_link_opened_in_the_browser_of_this_machine_signs_in(
    home: Home, machine: Home, person: BackendUser
) -> None:
    process = start(machine, "--browser", "--email", person.email)
    page = httpx.get(mail_to(home, person.email)["link"], follow_redirects=True)
    out, err = process.communicate(timeout=60)

    assert "You are signed in" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert process.returncode == ExitCode.OK, err
    assert_signed_in(machine, person, out)


def test_over_ssh_the_address_is_pasted(home: Home, machine: Home, person: BackendUser) -> None:
    process = start(machine, "--browser", "--email", person.email, SSH_CONNECTION="a 1 b 22")
    address = last_address(mail_to(home, person.email)["link"])
    out, err = process.communicate(f"{address}\n".encode(), timeout=60)

    assert process.returncode == ExitCode.OK, err
    assert_signed_in(machine, person, out)


def test_a_code_for_somebody_elses_verifier_does_not_sign_in(
    home: Home, machine: Home, person: BackendUser
) -> None:
    process = start(machine, "--paste", "--email", person.email)
    address = last_address(mail_to(home, person.email)["link"])
    process.kill()
    process.communicate()
    code = httpx.URL(address).params["code"]

    stolen = machine.run("login", "--paste", "--provider", "github", stdin=code.encode())
    foreign = machine.run("login", "--paste", "--provider", "github", stdin=address.encode())

    assert stolen.code == ExitCode.AUTH
    assert "code is wrong" in stolen.err
    assert foreign.code == ExitCode.USAGE
    assert "another sign-in" in foreign.err


def test_a_link_that_is_too_old_says_why(home: Home, machine: Home, person: BackendUser) -> None:
    process = start(machine, "--browser", "--email", person.email)
    link = mail_to(home, person.email)["link"]
    person_used_it_in_another_way = httpx.URL(link).copy_set_param("redirect_to", person.url)
    httpx.get(person_used_it_in_another_way, follow_redirects=False)
    page = httpx.get(link, follow_redirects=True)
    _, err = process.communicate(timeout=60)

    assert page.status_code == 400
    assert process.returncode == ExitCode.AUTH
    assert b"The sign-in was refused: Email link is invalid or has expired" in err


def test_a_providers_page_is_opened_and_leads_back(
    home: Home, machine: Home, person: BackendUser, tmp_path: Path
) -> None:
    script = tmp_path / "browser.py"
    script.write_text(BROWSER)
    browser = f"{sys.executable} {script} {person.key} {person.email} %s"

    process = start(machine, "--provider", "github", BROWSER=browser)
    page = httpx.get(mail_to(home, person.email)["link"], follow_redirects=True)
    out, err = process.communicate(timeout=60)

    assert "You are signed in" in page.text
    assert process.returncode == ExitCode.OK, err
    assert f"{person.url}/auth/v1/authorize?".encode() in err
    assert_signed_in(machine, person, out)


def test_two_ways_at_once_are_refused(machine: Home) -> None:
    done = machine.run("login", "--otp", "--browser")

    assert done.code == ExitCode.USAGE
    assert "one way" in done.err
