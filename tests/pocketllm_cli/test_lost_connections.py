"""An answer is printed once and whole, however often the connection breaks on the way."""

import json
from collections.abc import Callable

import pytest

from pocketllm_cli.errors import ExitCode
from tests.pocketllm_cli.conftest import Cli
from tests.pocketllm_cli.fake_answers import Cut, Stream
from tests.pocketllm_cli.fake_backend import FakeBackend

TEXT = "Päris it is."
LOST = "Connection lost; taking the answer up again"


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pocketllm_cli.api.patience._FIRST_SECONDS", 0.001)


@pytest.fixture
def backend(backend: FakeBackend) -> FakeBackend:
    backend.pieces = ["Pär", "is ", "it", " is."]
    return backend


@pytest.fixture
def out_of_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pocketllm_cli.api.reading.Patience.remaining", lambda *_: 0.0)


def test_the_answer_is_whole_wherever_the_connection_was_cut(
    cli: Cli, backend: FakeBackend
) -> None:
    for at in range(0, 900, 9):
        backend.cuts = [at]
        result = cli("ask", "hi")

        assert (result.exit_code, result.out) == (ExitCode.OK, f"{TEXT}\n"), at
        assert result.err.count(LOST) <= 1
    assert len(backend.tables["messages"]) == 2 * 100
    assert {"0", "3", "6", "8", "12"} <= set(backend.offsets)


@pytest.mark.parametrize("cuts", [[300, 0], [200, 230, 250], [0, 0, 300, 1], [420, 100, 0, 5, 0]])
def test_it_is_whole_after_several_cuts_in_a_row(
    cli: Cli, backend: FakeBackend, cuts: list[int]
) -> None:
    backend.cuts = cuts
    result = cli("ask", "--events", "hi")
    lines = [json.loads(line) for line in result.out.splitlines()]

    assert result.exit_code == ExitCode.OK
    assert "".join(line.get("text", "") for line in lines) == TEXT
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert [line["event"] for line in lines].count("started") == 1
    assert [line["event"] for line in lines].count("done") == 1
    assert len(backend.tables["messages"]) == 2


@pytest.mark.parametrize("option", ["--json", "--no-stream"])
def test_every_way_to_print_survives_a_cut(cli: Cli, backend: FakeBackend, option: str) -> None:
    backend.cuts = [300, 10]
    out = cli("ask", option, "hi").out

    assert (json.loads(out)["content"] if option == "--json" else out.rstrip("\n")) == TEXT


def test_a_question_that_may_not_have_arrived_is_sent_again_under_its_id(
    cli: Cli, backend: FakeBackend
) -> None:
    backend.cuts = [0, 20]
    result = cli("ask", "hi")

    assert result.out == f"{TEXT}\n"
    assert len(backend.bodies) == 3
    assert len({body["messageId"] for body in backend.bodies}) == 1
    assert len(backend.tables["messages"]) == 2


def test_a_server_that_is_gone_for_three_seconds_is_waited_for(
    cli: Cli, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pocketllm_cli.api.patience._FIRST_SECONDS", 0.2)

    def go_away(stream: Stream) -> None:
        stream.start()
        stream.text(["Pär"])
        backend.go_away(3.0)
        raise Cut

    backend.script = go_away
    result = cli("ask", "hi")

    assert (result.exit_code, result.out) == (ExitCode.OK, f"{TEXT}\n")
    assert result.err == f"{LOST} ...\n"


def test_quiet_says_nothing_of_it(cli: Cli, backend: FakeBackend) -> None:
    backend.cuts = [300]

    assert cli("ask", "-q", "hi") == (ExitCode.OK, f"{TEXT}\n", "")


def _twice(stream: Stream) -> None:
    for _ in range(2):
        stream.start()
        stream.text(["Pär", "is "])
    stream.text([TEXT])
    stream.end()


def _without_a_piece(stream: Stream) -> None:
    stream.start()
    stream.text(["Pär"])
    stream.text(["it"], offset=6)


def _garbage(stream: Stream) -> None:
    stream.start()
    stream.raw(b"event: delta\ndata: garbage\n\n")


def _end_without_the_last_pieces(stream: Stream) -> None:
    stream.start()
    stream.text(["Pär"])
    stream.end()


def _unknown_events_and_pings(stream: Stream) -> None:
    stream.raw(b": ping\n\nevent: weather\ndata: {}\n\n")
    _twice(stream)


@pytest.mark.parametrize(
    "script",
    [_twice, _without_a_piece, _garbage, _end_without_the_last_pieces, _unknown_events_and_pings],
)
def test_nothing_is_printed_twice_and_nothing_is_lost(
    cli: Cli, backend: FakeBackend, script: Callable[[Stream], None]
) -> None:
    backend.script = script

    assert cli("ask", "hi")[:2] == (ExitCode.OK, f"{TEXT}\n")


def test_thoughts_that_are_told_again_are_not_printed_again(cli: Cli, backend: FakeBackend) -> None:
    def think(stream: Stream, *thoughts: str) -> None:
        stream.start()
        for thought in thoughts:
            stream.send("reasoning", {"text": thought})

    def go_on(stream: Stream) -> None:
        think(stream, "Hm, I ", "see.")
        stream.text(backend.pieces)
        stream.end()

    backend.script = lambda stream: think(stream, "Hm", ", ")
    backend.resume_script = go_on
    lines = [json.loads(line) for line in cli("ask", "--events", "hi").out.splitlines()]
    thoughts = [line["text"] for line in lines if line["event"] == "reasoning"]

    assert "".join(thoughts) == "Hm, I see."


def test_an_answer_that_is_gone_is_not_found(cli: Cli, backend: FakeBackend) -> None:
    def vanish(stream: Stream) -> None:
        stream.start()
        stream.text(["Pär"])
        backend.tables["messages"].clear()

    backend.script = vanish
    result = cli("ask", "hi")

    assert result.exit_code == ExitCode.NOT_FOUND
    assert result.out == "Pär\n"


def test_an_answer_whose_server_died_is_interrupted(cli: Cli, backend: FakeBackend) -> None:
    def die(stream: Stream) -> None:
        stream.start()
        stream.text(["Pär"])
        error = {"code": "unavailable", "message": "The server was stopped."}
        stream.answer |= {"content": "P", "metadata": {"status": "interrupted", "error": error}}

    backend.script = die
    result = cli("ask", "--events", "hi")

    assert result.exit_code == ExitCode.INCOMPLETE
    assert json.loads(result.out.splitlines()[-1])["event"] == "failed"
    assert "interrupted" in json.loads(result.err.splitlines()[-1])["message"]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_backend_that_is_busy_meanwhile_is_asked_again(
    cli: Cli, backend: FakeBackend, status: int
) -> None:
    def cut(stream: Stream) -> None:
        stream.start()
        path = f"/functions/v1/chat-request/{stream.answer['id']}"
        codes = {429: "too_many_requests", 503: "unavailable"}
        failure = {"error": {"code": codes.get(status, "unexpected_failure"), "message": "Wait."}}
        backend.failing_once[path] = (status, failure)

    backend.script = cut

    assert cli("ask", "hi")[:2] == (ExitCode.OK, f"{TEXT}\n")


@pytest.mark.usefixtures("out_of_patience")
def test_after_a_minute_it_says_where_the_rest_will_be(cli: Cli, backend: FakeBackend) -> None:
    backend.cuts = [300]
    result = cli("ask", "--events", "hi")
    last = json.loads(result.out.splitlines()[-1])

    assert result.exit_code == ExitCode.UNAVAILABLE
    assert (last["event"], last["code"]) == ("failed", "connection_lost")
    assert last["assistant_message_id"] == backend.tables["messages"][-1]["id"]
    assert "pocketllm chats follow last" in json.loads(result.err.splitlines()[-1])["hint"]


def test_another_version_is_asked_for_again_under_the_same_id(
    cli: Cli, backend: FakeBackend
) -> None:
    cli("ask", "hi")
    backend.cuts = [0]

    result = cli("ask", "--regenerate")

    assert result.exit_code == ExitCode.OK
    first, again = backend.bodies[1:]
    assert first == again
    assert first["messageId"]
