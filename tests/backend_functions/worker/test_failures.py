"""What goes wrong is tried again where that may help, and said in a sentence without a secret."""

import asyncio
from uuid import UUID

import pytest

from tests.backend_functions.worker.conftest import Asker, Working, rows
from tests.support.picture_maker import PictureMaker

pytestmark = pytest.mark.db

UNUSABLE = "The image provider sent something that cannot be used."


async def test_a_busy_provider_is_asked_again_when_it_said(
    alice: Asker, working: Working, maker: PictureMaker
) -> None:
    job_id = alice.ask(model="busy-once")
    async with working():
        waiting = await alice.reached(job_id, lambda job: job["next_attempt_at"] is not None)
        job = await alice.ended(job_id)

    assert (waiting["status"], waiting["attempt"]) == ("pending", 1)
    assert "busy" in waiting["error_log"]
    [waited] = rows(
        alice.gateway,
        "select %s::timestamptz - %s::timestamptz >= interval '1 second' as enough",
        waiting["next_attempt_at"],
        waiting["started_at"],
    )
    assert waited["enough"], "Retry-After was 1"
    assert (job["status"], job["attempt"], job["error_log"]) == ("completed", 2, None)
    assert len(maker.requests) == 2


@pytest.mark.parametrize(
    ("model", "attempts", "reason"),
    [
        ("broken", 5, "The model provider failed. (Tried 5 times.)"),
        ("refuses", 1, "The model provider refused the request."),
        ("no-picture", 1, f"{UNUSABLE} That is no picture: PNG, JPEG and WebP are taken."),
    ],
)
async def test_a_job_that_cannot_be_done_says_why_in_one_sentence(
    model: str, attempts: int, reason: str, alice: Asker, working: Working, maker: PictureMaker
) -> None:
    job_id = alice.ask(model=model)
    async with working(retry_seconds=0.01):
        job = await alice.ended(job_id)

    assert (job["status"], job["attempt"]) == ("failed", attempts)
    assert job["error_log"] == reason
    assert job["output_data"] is None
    assert len(maker.requests) == attempts


@pytest.mark.parametrize(
    ("job_type", "input_data", "reason"),
    [
        ("soup", {}, "This backend knows no such type of job."),
        ("image_generation", {"modelId": "x"}, "The job does not say what picture is wanted."),
        ("image_generation", ["x"], "The job does not say what picture is wanted."),
        ("image_generation", None, "The job does not say what picture is wanted."),
    ],
)
async def test_what_no_worker_can_do_fails_at_once(
    job_type: str, input_data: object, reason: str, alice: Asker, working: Working
) -> None:
    new = {"job_type": job_type, "input_data": input_data}
    assert alice.rest("POST", "jobs", json=new).status_code == 201
    [row] = alice.rest("GET", "jobs?select=id").json()
    async with working():
        job = await alice.ended(row["id"])

    assert (job["status"], job["error_log"]) == ("failed", reason)


async def test_a_running_job_is_cancelled_at_once_and_its_slot_is_free(
    alice: Asker, working: Working, maker: PictureMaker
) -> None:
    job_id = alice.ask(model="waits")
    async with working(worker_slots=1):
        async with asyncio.timeout(30):
            while not maker.open_streams:
                await asyncio.sleep(0.02)
        answer = alice.rest("POST", "rpc/cancel_job", json={"job_id": job_id})
        after = await alice.ended(alice.ask())

    assert answer.json()["status"] == "failed"
    assert after["status"] == "completed"
    assert alice.job(job_id)["error_log"] == "Cancelled."


async def test_one_who_asks_for_much_keeps_nobody_waiting(
    alice: Asker, bob: Asker, working: Working, maker: PictureMaker
) -> None:
    for number in range(30):
        alice.ask(f"alice {number}")
    last = bob.ask("bob")
    async with working(worker_slots=1):
        await bob.ended(last)
        [ended] = rows(
            alice.gateway,
            "select count(*) as n from public.jobs where user_id = %s and status = 'completed'",
            UUID(alice.person.id),
        )

    prompts = [request["prompt"] for request in maker.requests]
    assert prompts.index("bob") <= 2
    assert ended["n"] < 30


async def test_a_database_that_was_away_loses_no_job(
    alice: Asker, working: Working, maker: PictureMaker
) -> None:
    job_id = alice.ask(model="waits")
    async with working():
        async with asyncio.timeout(30):
            while not maker.open_streams:
                await asyncio.sleep(0.02)
        # What a restart is to those who are connected.
        rows(
            alice.gateway,
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
            " and usename = 'authenticator'",
        )
        maker.release.set()
        job = await alice.ended(job_id)
        other = await alice.ended(alice.ask())

    # Storage may have lost its connection just then: that is tried again.
    assert (job["status"], other["status"]) == ("completed", "completed")
    stored = "select name from storage.objects where name = any (%s)"
    paths = [done["output_data"]["path"] for done in (job, other)]
    assert len(rows(alice.gateway, stored, paths)) == 2
