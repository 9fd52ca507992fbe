import pytest

from pocketllm_cli.errors import ExitCode
from tests.pocketllm_cli.conftest import Cli
from tests.pocketllm_cli.fake_backend import FakeBackend

PUT = "PUT /auth/v1/user"
MAIL = "GET /auth/v1/reauthenticate"


def test_a_new_password_is_read_from_stdin(cli: Cli, backend: FakeBackend) -> None:
    result = cli("password", "--password-stdin", stdin=b"new one\n")

    assert (result.exit_code, backend.seen[PUT]) == (ExitCode.OK, 1)
    assert "Other sessions" in result.out


@pytest.mark.parametrize("stdin", [b"", b"\n"])
def test_without_a_new_one_nothing_is_changed(cli: Cli, backend: FakeBackend, stdin: bytes) -> None:
    result = cli("password", "--password-stdin", stdin=stdin)

    assert result.exit_code == ExitCode.USAGE
    assert not backend.seen[PUT]


@pytest.mark.parametrize(
    ("asked", "mails"), [("current_password_required", 0), ("reauthentication_needed", 0)]
)
def test_the_second_line_is_the_proof_that_the_backend_wants(
    cli: Cli, backend: FakeBackend, asked: str, mails: int
) -> None:
    backend.asks_before_change[()] = asked
    result = cli("password", "--password-stdin", stdin=b"new one\nproof\n")

    assert (result.exit_code, backend.seen[PUT], backend.seen[MAIL]) == (ExitCode.OK, 2, mails)


@pytest.mark.parametrize(
    ("asked", "code", "mails"),
    [
        ("current_password_required", "password_needed", 0),
        ("reauthentication_needed", "code_needed", 1),
    ],
)
def test_a_missing_proof_is_named_and_a_code_is_mailed(
    cli: Cli, backend: FakeBackend, asked: str, code: str, mails: int
) -> None:
    backend.asks_before_change[()] = asked
    result = cli("password", "--password-stdin", "--json", stdin=b"new one\n")

    assert result.exit_code == ExitCode.AUTH
    assert f'"{code}"' in result.err
    assert backend.seen[MAIL] == mails


@pytest.mark.parametrize(
    ("asked", "refused", "says"),
    [
        ("current_password_required", "invalid_credentials", "current password is wrong"),
        ("reauthentication_needed", "reauthentication_not_valid", "code is wrong or too old"),
    ],
)
def test_a_wrong_proof_is_told(
    cli: Cli, backend: FakeBackend, asked: str, refused: str, says: str
) -> None:
    backend.asks_before_change |= {(): asked, ("guess",): refused}
    result = cli("password", "--password-stdin", stdin=b"new one\nguess\n")

    assert result.exit_code == ExitCode.AUTH
    assert says in result.err
