import asyncio
import json
import logging
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any, NoReturn

import psycopg
import pytest
import structlog
from pydantic import BaseModel, ValidationError

from backend_functions.logs import configure_logs
from tests.conftest import Cluster

CANARY = "sk-canary-value"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """Configure logs, and give what was logged."""
    output = StringIO()
    monkeypatch.setattr(sys, "stderr", output)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers.clear()  # or they would be closed
    configure_logs(debug=True)

    def read() -> list[dict[str, Any]]:
        text = output.getvalue()
        assert CANARY not in text
        return [json.loads(line) for line in text.splitlines()]

    yield read
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


class Key(BaseModel):
    key: int


def refuse() -> NoReturn:
    raise ValueError(CANARY)


def validate() -> None:
    Key.model_validate({"key": CANARY})


def nest() -> None:
    try:
        refuse()
    except ValueError as error:
        raise KeyError(CANARY) from error


def group() -> None:
    raise ExceptionGroup(CANARY, [ValueError(CANARY)])


@pytest.mark.parametrize(
    ("fail", "types"),
    [
        (refuse, ["builtins.ValueError"]),
        (validate, ["pydantic_core._pydantic_core.ValidationError"]),
        (nest, ["builtins.KeyError", "builtins.ValueError"]),
        (group, ["builtins.ExceptionGroup", "builtins.ValueError"]),
    ],
)
def test_an_exception_is_told_by_type_and_place_and_never_by_what_it_says(
    fail: Callable[[], None], types: list[str], lines: Lines
) -> None:
    log = structlog.get_logger("test")
    try:
        fail()
    except (Exception, ValidationError) as error:
        log.error("broken", exc_info=error)
        log.error("broken", exc_info=True)
        log.error("broken", error=error)
        logging.getLogger("library").exception("broken")

    ours, by_flag, by_name, library = lines()
    assert [each["type"] for each in ours["exception"]] == types
    assert ours["exception"][0]["at"][-1].endswith((fail.__name__, "model_validate"))
    assert by_flag["exception"] == ours["exception"]
    assert by_name["error"] == types[0]
    assert library["exception"] == ours["exception"]
    assert library["logger"] == "library"


@pytest.mark.db
def test_a_failure_of_the_database_is_told_by_its_code(cluster: Cluster, lines: Lines) -> None:
    log = structlog.get_logger("test")
    with psycopg.connect(cluster.url("template")) as connection:
        for statement in (
            "select %s::uuid",
            "do $$ begin raise exception 'a' using detail = 'sk-canary-value'; end $$",
        ):
            with pytest.raises(psycopg.Error) as caught:
                connection.execute(statement.encode(), [CANARY] if "%s" in statement else None)
            connection.rollback()
            log.error("broken", exc_info=caught.value)
    log.warning("save failed", error=str(caught.value))  # its second line is the detail

    told = lines()
    assert [line["exception"][0]["sqlstate"] for line in told[:2]] == ["22P02", "P0001"]
    assert told[2]["error"] == "a"


def test_what_asyncio_says_of_a_lost_task_does_not_quote_it(lines: Lines) -> None:
    async def lose() -> None:
        loop = asyncio.get_running_loop()
        loop.call_exception_handler(
            {"message": "lost", "exception": ValueError(CANARY), "more": {"prompt": CANARY}}
        )

    asyncio.run(lose())

    (line,) = lines()
    assert line["event"] == "lost"
    assert line["exception"][0]["type"] == "builtins.ValueError"


def test_texts_are_one_line_and_not_endless(lines: Lines) -> None:
    structlog.get_logger("test").info("told", text="x" * 10_000, lines=f"first\n{CANARY}")

    (line,) = lines()
    assert len(line["text"]) == 500
    assert line["lines"] == "first"


def test_what_is_bound_to_a_request_stands_in_every_line(lines: Lines) -> None:
    with structlog.contextvars.bound_contextvars(request_id="abc"):
        structlog.get_logger("test").debug("told")

    assert lines()[0]["request_id"] == "abc"
