"""A picture is asked for, made by a worker, stored and told of; what goes wrong is said."""

from uuid import UUID

import httpx
import pytest

from tests.backend_functions.worker.conftest import Asker, Working, rows
from tests.support.gateway import RunningGateway
from tests.support.picture_maker import PictureMaker, png
from tests.support.plain import NO_TLS

pytestmark = pytest.mark.db


async def test_a_picture_is_made_stored_and_told_of(
    alice: Asker, working: Working, maker: PictureMaker, gateway: RunningGateway
) -> None:
    job_id = alice.ask("a cat", "any")
    assert alice.job(job_id)["status"] == "pending"

    async with working():
        job = await alice.ended(job_id)

    path = f"private/generated_images/{alice.person.id}/{job_id}.png"
    stored = alice.person.read(f"user_assets/{path}").content
    assert job["status"] == "completed", job
    assert job["output_data"] == {
        "path": path,
        "size": len(stored),
        "width": 3,
        "height": 2,
        "model": "any",
        "cost_usd": 0.01,
    }
    assert (job["attempt"], job["error_log"], job["next_attempt_at"]) == (1, None, None)
    assert stored == png()
    assert maker.requests[-1]["prompt"] == "a cat"
    tasks = (
        "select count(*) as n from procrastinate.procrastinate_jobs where args ->> 'job_id' = %s"
    )
    assert rows(gateway, tasks, job_id) == [{"n": 0}]


async def test_a_job_inserted_through_the_data_api_runs_just_the_same(
    alice: Asker, working: Working
) -> None:
    wanted = {"job_type": "image_generation", "input_data": {"prompt": "x", "modelId": "any"}}
    made = alice.rest("POST", "jobs", json=wanted, params={"select": "id"})
    assert made.status_code == 201, made.text
    [job_id] = [
        row["id"]
        for row in rows(
            alice.gateway, "select id from public.jobs where user_id = %s", UUID(alice.person.id)
        )
    ]

    async with working():
        job = await alice.ended(str(job_id))

    assert job["status"] == "completed", job


@pytest.mark.parametrize(
    "body",
    [
        {"modelId": "any"},
        {"prompt": "", "modelId": "any"},
        {"prompt": "x", "modelId": "any", "base_url": "http://127.0.0.1"},
        {"prompt": "x", "modelId": "any", "user_id": "00000000-0000-0000-0000-000000000000"},
        {"prompt": "x\0", "modelId": "any"},
        {"prompt": "x", "modelId": "a\r\nb"},
        {"prompt": "x", "modelId": "any", "size": "1024x1024\n"},
        {"prompt": "x" * 32_001, "modelId": "any"},
        [],
    ],
)
def test_what_is_no_wish_for_a_picture_is_refused_and_makes_no_job(
    body: object, alice: Asker
) -> None:
    assert alice.post(body).status_code == 422
    assert alice.rest("GET", "jobs").json() == []


def test_the_same_key_names_the_same_job(alice: Asker, bob: Asker) -> None:
    body = {"prompt": "x", "modelId": "any"}
    first, again, other, theirs = (
        alice.post(body, **{"idempotency-key": "one"}),
        alice.post(body, **{"idempotency-key": "one"}),
        alice.post(body, **{"idempotency-key": "two"}),
        bob.post(body, **{"idempotency-key": "one"}),
    )
    changed = alice.post({**body, "prompt": "y"}, **{"idempotency-key": "one"})

    assert {answer.status_code for answer in (first, again, other, theirs)} == {202}
    assert first.json() == again.json()
    assert len({answer.json()["job_id"] for answer in (first, other, theirs)}) == 3
    assert (changed.status_code, changed.json()["error"]["code"]) == (409, "conflict")
    assert len(alice.rest("GET", "jobs").json()) == 2


def test_who_has_too_many_jobs_is_told_to_wait(alice: Asker, bob: Asker) -> None:
    rows(
        alice.gateway,
        "insert into public.jobs (user_id, job_type) select %s, 'x' from generate_series(1, 1000)",
        UUID(alice.person.id),
    )
    by_function = alice.post({"prompt": "x", "modelId": "any"})
    by_table = alice.rest("POST", "jobs", json={"job_type": "image_generation"})

    assert (by_function.status_code, by_table.status_code) == (429, 429)
    assert by_function.json()["error"]["code"] == "too_many_requests"
    assert bob.post({"prompt": "x", "modelId": "any"}).status_code == 202


def test_nobody_asks_without_signing_in(alice: Asker) -> None:
    key = alice.gateway.cluster.keys.publishable_key
    body = {"prompt": "x", "modelId": "any"}

    assert alice.post(body, authorization=f"Bearer {key}").status_code == 401


async def test_neither_of_two_sees_the_others_job_or_picture(
    alice: Asker, bob: Asker, working: Working
) -> None:
    job_id = alice.ask("secret of alice")
    async with working():
        path = (await alice.ended(job_id))["output_data"]["path"]

    assert bob.rest("GET", f"jobs?id=eq.{job_id}").json() == []
    assert bob.rest("DELETE", f"jobs?id=eq.{job_id}").status_code == 204
    for call in ("cancel_job", "retry_job"):
        assert "no such job" in bob.rest("POST", f"rpc/{call}", json={"job_id": job_id}).text
    anonymous = alice.gateway.anonymous
    for person in (bob.person, anonymous):
        assert person.read(f"user_assets/{path}").status_code == 400
        sign = person.send("POST", f"object/sign/user_assets/{path}", json={"expiresIn": 60})
        assert sign.status_code == 400
        listed = person.send(
            "POST",
            "object/list/user_assets",
            json={"prefix": f"private/generated_images/{alice.person.id}"},
        )
        assert listed.json() == [] or listed.status_code == 400
        assert person.send("DELETE", f"object/user_assets/{path}").status_code == 400
    anonymous.http.close()
    assert alice.job(job_id)["status"] == "completed"
    assert alice.person.read(f"user_assets/{path}").status_code == 200


async def test_those_who_run_it_see_how_the_queue_is_doing(alice: Asker, working: Working) -> None:
    def metrics() -> list[str]:
        return httpx.get(f"{alice.gateway.url}/metrics", verify=NO_TLS).text.splitlines()

    alice.ask()
    waiting = metrics()
    async with working():
        await alice.ended(alice.ask())
        assert alice.rest("POST", "rpc/worker_check").json() == 1
        busy = metrics()

    assert 'pocketllm_jobs_unfinished{state="waiting"} 1.0' in waiting
    assert any(line.startswith("pocketllm_jobs_oldest_waiting_seconds ") for line in waiting)
    assert "pocketllm_workers 1.0" in busy
    done = 'pocketllm_jobs_total{job_type="image_generation",outcome="completed"} '
    assert any(line.startswith(done) for line in busy)
    assert alice.rest("POST", "rpc/worker_check").json() == 0
