"""Everything a provider can do wrong, from its socket to the stored row."""

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import pytest

from backend_functions.settings import Limits
from tests.backend_functions.chat_request.conftest import ask, text_of
from tests.backend_functions.conftest import Functions, Person
from tests.support.faults import FAULTS, WIRES, DialectUpstream

pytestmark = pytest.mark.db

MakeChat = Callable[..., Awaitable[UUID]]
LIMITS = Limits(
    idle_seconds=0.8,
    first_token_seconds=1.5,
    answer_seconds=12,
    max_answer_characters=200_000,
)

COMPLETE = "complete"
REFUSED = ("provider_refused", "failed", "")
REJECTED = ("provider_rejected_key", "failed", "")
BUSY = ("provider_busy", "failed", "")
FAILED = ("provider_failed", "failed", "")
UNREACHABLE = ("provider_unreachable", "failed", "")
BROKE_OFF = ("provider_incomplete", "incomplete", "half")

OUTCOMES: dict[str, tuple[str | None, str, str | None]] = {
    "400": REFUSED,
    "401": REJECTED,
    "403": REJECTED,
    "404": REFUSED,
    "422": REFUSED,
    "500": FAILED,
    "502": FAILED,
    "503": BUSY,
    "504": UNREACHABLE,
    "529": BUSY,
    "html": FAILED,
    "json-error": FAILED,
    "wrong-type": FAILED,
    "no-type": FAILED,
    "compressed": FAILED,
    "redirect": FAILED,
    "not-http": FAILED,
    "hangs-up": UNREACHABLE,
    "says-nothing": UNREACHABLE,
    "keeps-alive": UNREACHABLE,
    "nothing": ("provider_incomplete", "incomplete", ""),
    "no-end": BROKE_OFF,
    "ends-in-a-line": BROKE_OFF,
    "cut": BROKE_OFF,
    "closes-in-a-chunk": BROKE_OFF,
    "stalls": ("provider_unreachable", "incomplete", "a"),
    "error-event": ("provider_busy", "incomplete", "half"),
    "garbage": FAILED,
    "no-object": FAILED,
    "long-line": FAILED,
    "thinks": (None, COMPLETE, "yes"),
    "length": (None, "truncated", "cut o"),
    "filtered": (None, COMPLETE, "a"),
    "crlf": (None, COMPLETE, "a"),
    "separators": (None, COMPLETE, "a\u2028b\u2029c\x85d\ve"),
    "not-unicode": (None, COMPLETE, "a\ufffdb"),
    "half-a-pair": (None, COMPLETE, "a\ufffdb"),
    "nul": (None, COMPLETE, "a\ufffdb"),
    "after-the-end": (None, COMPLETE, "a"),
    "byte-by-byte": (None, COMPLETE, "é\u2028😀"),
    "tiny-events": (None, "truncated", None),
}
"""What becomes of each: the failure's code, the stored status, the stored text (None: much)."""

NOT_HERE = {"429", "endless"}  # asked again for long; and cut off only by the deadline: below


def test_every_fault_has_its_outcome() -> None:
    assert set(OUTCOMES) | NOT_HERE == set(FAULTS)


@pytest.fixture
async def provider(request: pytest.FixtureRequest) -> AsyncIterator[DialectUpstream]:
    name = getattr(request, "param", "openai")
    async with DialectUpstream(wire=WIRES[name]).running() as running:
        yield running


async def check(
    functions: Functions, person: Person, chat_id: UUID, fault: str, is_told: bool = True
) -> None:
    code, status, text = OUTCOMES[fault]

    events = await ask(person, chat_id)

    assert [name for name, _ in events if name in ("done", "failed")] == [events[-1][0]]
    [(stored, stored_status, stored_code)] = await functions.rows(
        "select content, metadata ->> 'status', metadata #>> '{error,code}' from public.messages"
        " where chat_id = %s and role = 'assistant'",
        chat_id,
    )
    assert stored == text_of(events)
    assert stored_status == status
    if text is not None:
        assert stored == text
    if is_told:
        assert stored_code == code
        assert events[-1][0] == ("done" if code is None else "failed")
    assert "canary" not in str(events)


@pytest.mark.parametrize("limits", [LIMITS], ids=["short"])
@pytest.mark.parametrize("fault", sorted(OUTCOMES))
async def test_what_a_provider_does_wrong_is_told_and_stored(
    functions: Functions,
    alice: Person,
    make_chat: MakeChat,
    provider: DialectUpstream,
    fault: str,
) -> None:
    chat_id = await make_chat(alice, fault, base_url=str(provider.base_url))

    await check(functions, alice, chat_id, fault)


@pytest.mark.parametrize("limits", [LIMITS], ids=["short"])
@pytest.mark.parametrize("fault", ["401", "no-end", "cut", "garbage", "thinks", "length"])
@pytest.mark.parametrize("provider", ["anthropic", "gemini", "ollama"], indirect=True)
async def test_other_dialects_come_to_the_same_end(
    functions: Functions,
    alice: Person,
    make_chat: MakeChat,
    provider: DialectUpstream,
    fault: str,
) -> None:
    record = await alice.post(
        "/model-configs",
        {
            "name": "m",
            "provider": provider.wire.name,
            "model": fault,
            "base_url": str(provider.base_url),
            "api_key": "sk-canary-0123456789",
        },
    )
    assert record.status_code == 201, record.text
    async with functions.services.database.as_user(alice.caller) as connection:
        cursor = await connection.execute(
            "insert into public.chats (title) values ('t') returning id"
        )
        row = await cursor.fetchone()
        assert row is not None

    await check(functions, alice, row["id"], fault)


@pytest.mark.parametrize("limits", [Limits(answer_seconds=1.0)], ids=["a second"])
async def test_an_endless_answer_ends_at_the_deadline(
    functions: Functions, alice: Person, make_chat: MakeChat, provider: DialectUpstream
) -> None:
    chat_id = await make_chat(alice, "endless", base_url=str(provider.base_url))

    events = await ask(alice, chat_id)

    assert events[-1][1]["code"] == "provider_incomplete"
    assert set(text_of(events).split()) == {"on"}
