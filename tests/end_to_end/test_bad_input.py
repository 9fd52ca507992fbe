import httpx
import psycopg
import pytest

from tests.support.home import Home


def rows_of(home: Home) -> list[tuple[str]]:
    """Return every chat and model config there is."""
    with psycopg.connect(home.status()["database_url"]) as connection:
        return connection.execute(
            "select to_jsonb(c)::text from public.chats c"
            " union all select to_jsonb(m)::text from public.model_configs m order by 1"
        ).fetchall()


@pytest.fixture(scope="module", autouse=True)
def local_account(home: Home) -> None:
    """Have the account there that the first command makes, whichever test comes first."""
    assert home.run("models", "list").code == 0


@pytest.mark.parametrize(
    ("arguments", "stdin", "exit_code", "hint"),
    [
        (("ask", "-m", "no-such-model", "hi"), b"", 6, "models list"),
        (("ask",), b"", 2, "pocketllm ask"),
        (("ask", "   "), b"", 2, ""),
        (("ask",), b"\x00\x01\xff\xfe binary", 2, ""),
        (("ask", "about this:"), b"x" * 100_000_000, 2, ""),
        (("chats", "show", "ffffffff"), b"", 6, "chats list"),
        (("chats", "show", "7d444840-9dc0-11d1-b245-5ffdce74fad2"), b"", 6, "chats list"),
        (("models", "show", "nope"), b"", 6, "models list"),
        (
            ("models", "add", "x", "--provider", "nope", "--model", "m", "--key-stdin"),
            b"k" * 20,
            2,
            "",
        ),
        (("login", "--email", "nobody@example.com", "--password-stdin"), b"wrong pass\n", 3, ""),
        (("context", "use", "nope"), b"", 6, "context list"),
        (("context", "add", "x", "--url", "ftp://x", "--anon-key", "k"), b"", 2, ""),
        (("--context", "nope", "chats"), b"", 6, "context"),
        (("ask", "--no-such-option"), b"", 2, "--help"),
        (("no-such-command",), b"", 2, "--help"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else "",
)
def test_bad_input_is_a_sentence_and_an_exit_code_and_changes_nothing(
    home: Home, arguments: tuple[str, ...], stdin: bytes, exit_code: int, hint: str
) -> None:
    before = rows_of(home)

    ran = home.run(*arguments, stdin=stdin)

    assert ran.code == exit_code, ran.err
    assert "Traceback" not in ran.err
    assert ran.out == b""
    assert hint in ran.err
    assert rows_of(home) == before


def test_a_question_that_is_not_taken_leaves_no_empty_chat(home: Home) -> None:
    add = ("models", "add", "keyless", "--provider", "openai", "--model", "gpt")
    assert home.run(*add).code in (0, 1)
    before = home.run("chats", "list", "--json").json()

    ran = home.run("ask", "-m", "keyless", "hi", OPENAI_API_KEY="sk-of-somebody-else")

    assert ran.code == 1
    assert "has no key" in ran.err
    assert home.run("chats", "list", "--json").json() == before


def test_a_backend_that_is_not_there_is_exit_4(home: Home) -> None:
    ran = home.run(
        "chats",
        "list",
        POCKETLLM_URL="http://127.0.0.1:9",
        POCKETLLM_ANON_KEY="sb_publishable_x",
        POCKETLLM_ACCESS_TOKEN="x.y.z",
    )

    assert ran.code == 4, ran.err
    assert "Traceback" not in ran.err


def test_an_expired_token_is_exit_3(home: Home) -> None:
    status = home.status()
    ran = home.run(
        "chats",
        "list",
        POCKETLLM_URL=status["url"],
        POCKETLLM_ANON_KEY=status["publishable_key"],
        POCKETLLM_ACCESS_TOKEN="eyJhbGciOiJFUzI1NiJ9.eyJleHAiOjF9.c2ln",
    )

    assert ran.code == 3, ran.err
    assert "pocketllm login" in ran.err


def test_a_half_written_config_file_is_named_and_left_alone(home: Home) -> None:
    config = home.folder / "pocketllm" / "config" / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    had = config.read_bytes() if config.exists() else None
    config.write_text('[contexts.work]\nurl = "https://x')
    try:
        ran = home.run("chats", "list")

        assert ran.code == 2
        assert str(config) in ran.err
        assert config.read_text() == '[contexts.work]\nurl = "https://x'
    finally:
        config.unlink()
        if had is not None:
            config.write_bytes(had)


def test_the_embedded_backend_bounds_headers(home: Home) -> None:
    url = home.status()["url"]

    assert httpx.get(f"{url}/healthz", headers={"x-long": "v" * 8_200}).status_code == 431
    assert httpx.get(f"{url}/healthz").status_code == 200
