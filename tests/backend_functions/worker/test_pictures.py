"""A picture is asked for, made by a worker, stored and told of; what goes wrong is said."""

from uuid import UUID

import pytest

from tests.backend_functions.worker.conftest import Asker, Working, rows
from tests.support.gateway import RunningGateway
from tests.support.picture_maker import PictureMaker, png

pytestmark = pytest.mark.db


async def test_a_picture_is_made_stored_and_told_of(
    alice: Asker, working: Working, maker: PictureMaker, gateway: RunningGateway
) -> None:
    job_id = alice.ask("a cat", "any")
    assert alice.job(job_id)["status"] == "pending"

    async with working():
        job = await alice.ended(job_id)

    path = f"private/generated_images/{alice.person.id}/{job_id}.png"
    assert job["status"] == "completed", job
    assert job["output_data"] == {
        "path": path,
        "size": len(png()),
        "width": 3,
        "height": 2,
        "model": "any",
        "cost_usd": 0.01,
    }
    assert (job["attempt"], job["error_log"], job["next_attempt_at"]) == (1, None, None)
    assert alice.person.read(f"user_assets/{path}").content == png()
    assert maker.requests[-1]["prompt"] == "a cat"
    left = rows(gateway, "select count(*) as n from procrastinate.procrastinate_jobs")
    assert left == [{"n": 0}]


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
