"""Workers that die or stand still at any point: each job ends once, with one picture at most."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend_functions.settings import Settings
from tests.backend_functions.worker.conftest import Asker, Working, rows, settings_of
from tests.conftest import running_cluster
from tests.support.gateway import RunningGateway, running_gateway
from tests.support.picture_maker import PictureMaker, png
from tests.support.worker import POINTS, RunningWorker, running_worker

pytestmark = [pytest.mark.db, pytest.mark.timeout(180)]


async def stands_still(worker: RunningWorker) -> None:
    async with asyncio.timeout(60):
        while not worker.reached.exists():
            assert worker.process.poll() is None, worker.log.read_text()
            await asyncio.sleep(0.02)


def pictures_of(alice: Asker) -> list[str]:
    found = rows(
        alice.gateway,
        "select name from storage.objects where name like %s order by name",
        f"private/generated_images/{alice.person.id}/%",
    )
    return [str(row["name"]) for row in found]


def left_over(gateway: RunningGateway) -> list[int]:
    [row] = rows(
        gateway,
        "select (select count(*) from private.job_runs) as runs,"
        " (select count(*) from procrastinate.procrastinate_jobs) as tasks",
    )
    return [row["runs"], row["tasks"]]


async def nothing_is_left(gateway: RunningGateway) -> None:
    """Wait for a worker to clear away what it was given: it does so after a job has ended."""
    async with asyncio.timeout(60):
        while await asyncio.to_thread(left_over, gateway) != [0, 0]:
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("point", POINTS)
async def test_a_killed_workers_job_is_taken_over_and_ends_once(
    point: str,
    alice: Asker,
    settings: Settings,
    working: Working,
    tmp_path: Path,
    maker: PictureMaker,
) -> None:
    job_id = alice.ask()
    keys = alice.gateway.cluster.keys.master_keys
    with running_worker(tmp_path, settings, point=point, master_keys=keys) as worker:
        await stands_still(worker)
        worker.process.kill()
        async with working():
            job = await alice.ended(job_id)

    assert (job["status"], job["attempt"]) == ("completed", 2), job
    assert pictures_of(alice) == [job["output_data"]["path"]]
    assert alice.person.read(f"user_assets/{job['output_data']['path']}").content == png()
    assert job["output_data"]["cost_usd"] == 0.01
    # What was stored is found again, and not paid for a second time.
    assert len(maker.requests) == {"answered": 2, "kept": 2}.get(point, 1)
    assert left_over(alice.gateway) == [0, 0]


async def test_a_worker_that_wakes_late_changes_nothing(
    alice: Asker, settings: Settings, working: Working, tmp_path: Path
) -> None:
    first = alice.ask("one")
    keys = alice.gateway.cluster.keys.master_keys
    with running_worker(
        tmp_path, settings, point="answered", master_keys=keys, POCKETLLM_WORKER_SLOTS="1"
    ) as worker:
        await stands_still(worker)
        worker.process.send_signal(signal.SIGSTOP)
        async with working():
            before = await alice.ended(first)
            second = alice.ask("two")
            await alice.ended(second)
        stored = rows(alice.gateway, "select name, version from storage.objects order by name")

        worker.reached.unlink()
        worker.process.send_signal(signal.SIGCONT)
        third = alice.ask("three")
        after = await alice.ended(third)

        assert after["status"] == "completed", after
        await nothing_is_left(alice.gateway)
    assert alice.job(first) == before
    assert pictures_of(alice) == sorted(
        f"private/generated_images/{alice.person.id}/{job}.png" for job in (first, second, third)
    )
    again = rows(alice.gateway, "select name, version from storage.objects order by name")
    assert [row for row in again if row in stored] == stored


async def test_a_job_cancelled_while_its_worker_stands_still_leaves_no_picture(
    alice: Asker, settings: Settings, tmp_path: Path
) -> None:
    job_id = alice.ask()
    keys = alice.gateway.cluster.keys.master_keys
    with running_worker(tmp_path, settings, point="uploaded", master_keys=keys) as worker:
        await stands_still(worker)
        assert len(pictures_of(alice)) == 1
        answer = alice.rest("POST", "rpc/cancel_job", json={"job_id": job_id})
        assert answer.json()["status"] == "failed"

        worker.reached.unlink()
        async with asyncio.timeout(60):
            while pictures_of(alice):
                await asyncio.sleep(0.05)

    assert alice.job(job_id)["error_log"] == "Cancelled."


async def test_a_worker_told_to_stop_hands_its_job_on_without_counting_the_attempt(
    alice: Asker, settings: Settings, working: Working, tmp_path: Path, maker: PictureMaker
) -> None:
    job_id = alice.ask(model="waits")
    keys = alice.gateway.cluster.keys.master_keys
    with running_worker(
        tmp_path, settings, master_keys=keys, POCKETLLM_WORKER_GRACE_SECONDS="0.2"
    ) as worker:
        await alice.reached(job_id, lambda job: job["status"] == "processing")
        worker.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(worker.process.wait, 60) == 0, worker.log.read_text()

    waiting = alice.job(job_id)
    assert (waiting["status"], waiting["attempt"]) == ("pending", 0)
    assert waiting["next_attempt_at"] is None, "none has failed"
    maker.release.set()
    async with working():
        job = await alice.ended(job_id)
    assert (job["status"], job["attempt"]) == ("completed", 1)


@pytest.fixture(scope="module")
def restartable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A backend on a PostgreSQL of its own, which nobody else misses."""
    folder = tmp_path_factory.mktemp("restartable")
    with (
        running_cluster(folder) as cluster,
        running_gateway(cluster, "template", folder / "objects") as gateway,
    ):
        yield gateway


@pytest.mark.parametrize(("point", "in_order"), [("answered", True), ("uploaded", False)])
async def test_a_job_outlives_a_database_that_is_started_anew(
    point: str, in_order: bool, restartable: RunningGateway, tmp_path: Path, maker: PictureMaker
) -> None:
    gateway, cluster = restartable, restartable.cluster
    alice = Asker(gateway.sign_up(), gateway)
    job_id = alice.ask()
    settings, keys = settings_of(gateway, maker), cluster.keys.master_keys
    with running_worker(tmp_path, settings, point=point, master_keys=keys) as worker:
        await stands_still(worker)
        await asyncio.to_thread(cluster.restart, in_order=in_order)
        worker.reached.unlink()
        job = await alice.ended(job_id)
        later = await alice.ended(alice.ask("another"))  # it goes on working
        await nothing_is_left(gateway)

    assert (job["status"], later["status"]) == ("completed", "completed"), job
    assert pictures_of(alice) == sorted(one["output_data"]["path"] for one in (job, later))
