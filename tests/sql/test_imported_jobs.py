"""Jobs that are over come along from another backend, and nothing else does."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.sql.stage import Persona, Stage, add_job

pytestmark = pytest.mark.db


@pytest.fixture
def ada(stage: Stage) -> Persona:
    return stage.sign_up()


def bring_in(persona: Persona, **job: Any) -> list[UUID]:
    record = {"id": str(uuid4()), "job_type": "image_generation", "status": "completed", **job}
    rows = persona.run("select public.import_jobs(%(jobs)s) as id", jobs=json.dumps([record]))
    return [row["id"] for row in rows]


def put_picture(persona: Persona, owner: UUID | None, job: UUID) -> str:
    name = f"private/generated_images/{owner}/{job}.png"
    add = "insert into storage.objects (bucket_id, name) values ('user_assets', %(name)s)"
    return persona.refusal(add, name=name)


def test_a_job_that_is_over_keeps_its_id_result_and_times(ada: Persona) -> None:
    when = "2026-01-02T03:04:05+00:00"
    [job] = bring_in(ada, output_data={"path": "p"}, created_at=when, updated_at=when)

    [row] = ada.run("select user_id, output_data, created_at::text from public.jobs")
    assert row["user_id"] == ada.user_id
    assert row["output_data"] == {"path": "p"}
    assert row["created_at"].startswith("2026-01-02 03:04:05")
    assert bring_in(ada, id=str(job), output_data={"path": "other"}) == [job]
    assert ada.value("select output_data ->> 'path' from public.jobs") == "p"


@pytest.mark.parametrize("status", ["pending", "processing", None])
def test_a_job_that_is_not_over_is_not_brought_in(ada: Persona, status: str | None) -> None:
    assert bring_in(ada, status=status) == []
    assert ada.count("select from public.jobs") == 0


def test_a_job_becomes_the_callers_and_never_changes_somebody_elses(
    stage: Stage, ada: Persona
) -> None:
    bob = stage.sign_up()
    job = add_job(bob)

    assert bring_in(ada, id=str(job)) == []
    assert len(bring_in(ada, user_id=str(bob.user_id))) == 1
    assert stage.anonymous.refusal("select public.import_jobs('[]')") == "42501"
    assert bob.value("select status::text from public.jobs") == "pending"
    assert ada.count("select from public.jobs") == 1


def test_only_the_picture_of_an_own_completed_job_can_be_put_where_pictures_lie(
    stage: Stage, ada: Persona
) -> None:
    [job] = bring_in(ada)
    [failed] = bring_in(ada, status="failed")
    bob = stage.sign_up()

    assert put_picture(bob, ada.user_id, job) == "42501"
    assert put_picture(bob, bob.user_id, job) == "42501"
    assert put_picture(ada, ada.user_id, failed) == "42501"
    assert put_picture(ada, ada.user_id, uuid4()) == "42501"
    assert put_picture(ada, ada.user_id, add_job(ada)) == "42501"
    assert put_picture(ada, ada.user_id, job) == ""
