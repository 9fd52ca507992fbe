import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import httpx
import pytest

from backend_functions.access import FixedKeys, TokenVerifier
from backend_functions.app import Services, function_routes, make_app
from backend_functions.embedded.ports import free_port
from backend_functions.settings import InvalidSettings, Settings, read_settings
from tests.backend_functions.conftest import ISSUER, Functions, Person
from tests.support.plain import NO_TLS
from tests.support.serving import served

pytestmark = pytest.mark.db

TOKEN = "a token for scraping"


async def serve(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    services = Services.build(settings, max_connections=2)
    verifier = TokenVerifier(issuer=ISSUER, keys=FixedKeys(()))
    app = make_app(services, function_routes(services, verifier))
    async with (
        served(app) as url,
        httpx.AsyncClient(base_url=url, timeout=20, verify=NO_TLS) as http,
    ):
        yield http


@pytest.fixture
async def without_database(
    make_settings: Callable[..., Settings],
) -> AsyncIterator[httpx.AsyncClient]:
    url = f"postgresql://authenticator:sk-secret@127.0.0.1:{free_port()}/postgres"
    async for http in serve(make_settings(database_url=url)):
        yield http


@pytest.fixture
async def with_token(make_settings: Callable[..., Settings]) -> AsyncIterator[httpx.AsyncClient]:
    async for http in serve(make_settings(metrics_token=TOKEN)):
        yield http


@pytest.fixture
async def hosted(make_settings: Callable[..., Settings]) -> AsyncIterator[httpx.AsyncClient]:
    async for http in serve(make_settings(mode="hosted")):
        yield http


async def test_a_server_with_its_database_is_ready(functions: Functions, alice: Person) -> None:
    assert (await alice.http.get("/readyz")).json() == {"status": "ready"}
    assert (await alice.http.get("/healthz")).json() == {"status": "ok"}


async def test_a_server_whose_database_is_away_lives_and_is_not_ready(
    without_database: httpx.AsyncClient,
) -> None:
    alive = await without_database.get("/healthz")
    ready = await without_database.get("/readyz")

    assert alive.status_code == 200
    assert ready.status_code == 503
    assert ready.json()["error"]["message"] == "The database cannot be reached."
    assert int(ready.headers["retry-after"]) > 0


async def test_a_server_newer_than_its_database_is_not_ready(
    functions: Functions, alice: Person
) -> None:
    ledger = "supabase_migrations.schema_migrations"
    await functions.rows(
        f"delete from {ledger} where version = (select max(version) from {ledger}) returning 1"  # noqa: S608
    )

    ready = await alice.http.get("/readyz")

    assert ready.status_code == 503
    assert re.fullmatch(
        r"Migrations are missing in the database, 1 from \d{14} on\.",
        ready.json()["error"]["message"],
    )


async def test_a_database_from_before_the_ledger_could_be_read_is_not_ready(
    functions: Functions, alice: Person
) -> None:
    await functions.connection.execute("drop function private.applied_migrations()")

    assert (await alice.http.get("/readyz")).status_code == 503


async def test_only_the_service_reads_the_ledger_and_only_its_versions(
    functions: Functions, alice: Person
) -> None:
    query = (
        "select has_function_privilege(r, 'private.applied_migrations()', 'execute')"
        " from unnest(array['anon', 'authenticated', 'service_role']) r"
    )

    assert await functions.rows(query) == [(False,), (False,), (True,)]


async def test_metrics_tell_what_was_done(functions: Functions, alice: Person) -> None:
    await alice.http.get("/functions/v1/chat-request/7d444840-9dc0-11d1-b245-5ffdce74fad2")
    text = (await alice.http.get("/metrics")).text

    route = "/functions/v1/chat-request/{answer_id}"
    assert f'pocketllm_requests_total{{method="GET",route="{route}",status="404"}} 1.0' in text
    assert "pocketllm_running_answers 0.0" in text
    assert "pocketllm_database_pool_max 4.0" in text
    assert "process_cpu_seconds_total" in text


async def test_metrics_count_answers_with_tokens_and_times(functions: Functions) -> None:
    metrics = functions.services.metrics
    metrics.note_answer(
        {
            "provider": "openai",
            "status": "complete",
            "input_tokens": 11,
            "output_tokens": 5,
            "first_token_ms": 150,
            "total_ms": 900,
            "retries": 2,
        }
    )
    metrics.note_answer({"provider": "openai", "status": "failed", "total_ms": 5})
    metrics.note_answer({"status": "not saved"})

    text = metrics.render().decode()
    for line in (
        'pocketllm_answers_total{provider="openai",status="complete"} 1.0',
        'pocketllm_answers_total{provider="openai",status="failed"} 1.0',
        'pocketllm_answers_total{provider="unknown",status="not saved"} 1.0',
        'pocketllm_tokens_total{direction="input",provider="openai"} 11.0',
        'pocketllm_retries_total{provider="openai"} 2.0',
        'pocketllm_first_token_seconds_bucket{le="0.2",provider="openai"} 1.0',
        'pocketllm_first_token_seconds_count{provider="openai"} 1.0',
        'pocketllm_answer_seconds_count{provider="openai"} 2.0',
    ):
        assert line in text


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip", "via"])
async def test_metrics_are_not_told_through_a_proxy(alice: Person, header: str) -> None:
    response = await alice.http.get("/metrics", headers={header: "127.0.0.1"})

    assert response.status_code == 404


async def test_a_hosted_server_without_a_token_tells_nobody(hosted: httpx.AsyncClient) -> None:
    assert (await hosted.get("/metrics")).status_code == 404


async def test_a_token_is_asked_for_wherever_one_is_set(with_token: httpx.AsyncClient) -> None:
    good = await with_token.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert good.status_code == 200
    for headers in ({}, {"authorization": "Bearer x"}, {"authorization": TOKEN}):
        assert (await with_token.get("/metrics", headers=headers)).status_code == 401


def test_a_token_that_could_be_guessed_is_refused(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings()
    environment = {
        "SUPABASE_URL": "http://x",
        "SUPABASE_DB_URL": settings.database_url,
        "SUPABASE_ANON_KEY": "a",
        "SUPABASE_SERVICE_ROLE_KEY": "b",
        "POCKETLLM_MASTER_KEYS": "m1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    }

    with pytest.raises(InvalidSettings, match="POCKETLLM_METRICS_TOKEN"):
        read_settings(environment | {"POCKETLLM_METRICS_TOKEN": "short"})
    read = read_settings(environment | {"POCKETLLM_METRICS_TOKEN": "long enough to keep"})
    assert read.metrics_token == "long enough to keep"
    assert "long enough" not in repr(replace(read))
