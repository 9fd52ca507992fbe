"""Jobs and their queue: what owners can do with them, and what nobody can."""

from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import Connection

from backend_functions.embedded.postgres import SUPERUSER
from tests.conftest import Cluster
from tests.sql.procrastinate import MIGRATION, migration_text
from tests.sql.stage import Persona, Row, Stage, add_job

pytestmark = pytest.mark.db

LATE_AND_AT_WORK = """
insert into auth.users (email) select n || '@example.com' from generate_series(1, 3) as n;
insert into public.jobs (user_id, job_type)
select id, 'x' from auth.users cross join generate_series(1, 1000);
insert into public.jobs (user_id, job_type, status)
select id, 'x', 'completed' from auth.users cross join generate_series(1, 10000);
update private.job_runs set expires_at = now() - interval '1 day';
update procrastinate.procrastinate_jobs set lock = null, status = 'doing';
"""
IN_TIME_AND_WAITING = """
update private.job_runs set expires_at = now() + interval '1 hour';
update procrastinate.procrastinate_jobs set status = 'todo';
update procrastinate.procrastinate_jobs set status = 'doing'
where id = (select max(id) from procrastinate.procrastinate_jobs);
"""


@pytest.fixture
def ada(stage: Stage) -> Persona:
    return stage.sign_up()


def turn_of(stage: Stage, job: UUID) -> int:
    turn: int = stage.service.value(
        "select turn from private.job_runs where job_id = %(id)s", id=job
    )
    return turn


def state(owner: Persona, job: UUID) -> tuple[str, str | None]:
    [row] = owner.run("select status::text, error_log from public.jobs where id = %(id)s", id=job)
    return row["status"], row["error_log"]


def end(stage: Stage, job: UUID) -> None:
    stage.service.run("delete from private.job_runs where job_id = %(id)s returning 1", id=job)
    stage.service.run(
        "update public.jobs set status = 'failed' where id = %(id)s returning 1", id=job
    )


def test_the_queues_schema_is_that_of_the_installed_procrastinate() -> None:
    assert MIGRATION.read_text(encoding="utf-8") == migration_text(), (
        "run `python -m tests.sql.procrastinate --write`, and give what differs a migration of its"
        " own where this one was applied already"
    )


def test_the_queue_is_nobodys_to_see_or_to_call(catalogue: Connection[Row]) -> None:
    reachable = catalogue.execute(
        """
        select r || ' ' || c.relname as name
        from unnest(array['anon', 'authenticated', 'authenticator']) as r cross join pg_class c
        where relnamespace = 'procrastinate'::regnamespace and relkind = 'r' and (
          not relrowsecurity
          or has_table_privilege(r, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
          or has_any_column_privilege(r, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
        )
        union all
        select r || ' ' || p.oid::regprocedure
        from unnest(array['anon', 'authenticated', 'authenticator']) as r cross join pg_proc p
        where pronamespace = 'procrastinate'::regnamespace
          and (has_function_privilege(r, p.oid, 'EXECUTE') or p.prosecdef or p.proconfig is null)
        union all
        select r || ' schema' from unnest(array['anon', 'authenticated', 'authenticator']) as r
        where has_schema_privilege(r, 'procrastinate', 'USAGE')
        """
    ).fetchall()

    assert reachable == []


def test_a_job_and_its_task_are_made_together(stage: Stage, ada: Persona) -> None:
    job = add_job(ada)

    [task] = stage.service.run(
        "select task.task_name, task.queue_name, task.args from private.job_runs as run"
        " join procrastinate.procrastinate_jobs as task on task.id = run.task_id"
        " where run.job_id = %(id)s",
        id=job,
    )
    assert task == {"task_name": "run_job", "queue_name": "jobs", "args": {"job_id": str(job)}}


def test_users_take_turns_whatever_each_has_asked_for(stage: Stage, ada: Persona) -> None:
    many = [turn_of(stage, add_job(ada)) for _ in range(20)]
    bob = stage.sign_up()

    assert many == list(range(many[0], many[0] + 20))
    assert turn_of(stage, add_job(bob)) == many[0]
    assert turn_of(stage, add_job(bob)) == many[1]


def test_one_may_have_a_thousand_unfinished_jobs_and_no_more(stage: Stage, ada: Persona) -> None:
    insert = "insert into public.jobs (job_type) select 'x' from generate_series(1, %(n)s)"

    assert ada.refusal(insert, n=1001) == "PT429"
    ada.count(insert, n=1000)
    assert ada.refusal(insert, n=1) == "PT429"
    assert stage.sign_up().refusal(insert, n=1) == ""


def test_a_cancelled_job_has_failed_and_is_not_begun(stage: Stage, ada: Persona) -> None:
    job = add_job(ada)

    [cancelled] = ada.run("select * from public.cancel_job(%(id)s)", id=job)

    assert (cancelled["status"], cancelled["error_log"]) == ("failed", "Cancelled.")
    assert state(ada, job) == ("failed", "Cancelled.")
    assert stage.service.count("select from private.job_runs where job_id = %(id)s", id=job) == 0
    tasks = "select from procrastinate.procrastinate_jobs where args ->> 'job_id' = %(id)s"
    assert stage.service.count(tasks, id=str(job)) == 0
    assert ada.run("select * from public.cancel_job(%(id)s)", id=job) == [cancelled]


def test_a_job_that_is_over_never_changes(stage: Stage, ada: Persona) -> None:
    job = add_job(ada)
    end(stage, job)

    for change in ("status = 'completed'", "output_data = '{}'", "error_log = 'x'", "attempt = 9"):
        update = f"update public.jobs set {change} where id = %(id)s"  # noqa: S608
        assert stage.service.refusal(update, id=job) == "PT409", change
    assert ada.count("delete from public.jobs where id = %(id)s", id=job) == 1


def test_a_failed_job_is_tried_again_as_a_new_one(stage: Stage, ada: Persona) -> None:
    job = add_job(ada)
    assert ada.refusal("select public.retry_job(%(id)s)", id=job) == "PT409"
    end(stage, job)

    [again] = ada.run("select * from public.retry_job(%(id)s)", id=job)

    assert (again["status"], again["job_type"]) == ("pending", "image_generation")
    assert again["id"] != job
    assert turn_of(stage, again["id"]) >= 0
    assert state(ada, job)[0] == "failed"
    assert ada.refusal("select public.retry_job(%(id)s)", id=uuid4()) == "P0002"


def test_what_was_lost_of_the_queue_is_made_anew(stage: Stage, ada: Persona) -> None:
    job = add_job(ada)
    stage.service.count("delete from procrastinate.procrastinate_jobs")

    [done] = stage.service.run("select * from private.tend_jobs(10)")

    assert done == {"taken_over": 0, "mended": 1, "expired": 0}
    tasks = "select from procrastinate.procrastinate_jobs where args ->> 'job_id' = %(id)s"
    assert stage.service.count(tasks, id=str(job)) == 1
    assert stage.service.run("select * from private.tend_jobs(10)") == [done | {"mended": 0}]


@pytest.mark.parametrize("loss", ["the task", "the worker"])
def test_a_job_that_waits_is_not_begun_before_its_time_whatever_was_lost(
    stage: Stage, ada: Persona, loss: str
) -> None:
    job = add_job(ada)
    due = "now() + interval '1 hour'"
    stage.service.run(f"update public.jobs set next_attempt_at = {due} returning 1")  # noqa: S608
    if loss == "the task":
        stage.service.count("delete from procrastinate.procrastinate_jobs")
    else:
        stage.service.count("update procrastinate.procrastinate_jobs set status = 'doing'")

    [done] = stage.service.run("select * from private.tend_jobs(10)")

    assert done["mended"] + done["taken_over"] == 1
    [task] = stage.service.run(
        "select task.status::text, task.lock, task.scheduled_at = job.next_attempt_at as is_in_time"
        " from procrastinate.procrastinate_jobs as task cross join public.jobs as job"
    )
    # A lock of its own: none of the other jobs waits for it.
    assert task == {"status": "todo", "lock": f"again {job}", "is_in_time": True}


def test_a_deleted_job_leaves_no_task(stage: Stage, ada: Persona) -> None:
    job = add_job(ada)
    ada.count("delete from public.jobs")

    stage.service.run("select * from private.tend_jobs(10)")

    tasks = "select from procrastinate.procrastinate_jobs where args ->> 'job_id' = %(id)s"
    assert stage.service.count(tasks, id=str(job)) == 0


def test_a_job_that_nobody_does_in_time_fails(stage: Stage, ada: Persona) -> None:
    job = add_job(ada)
    stage.service.count("update private.job_runs set expires_at = now()")

    [done] = stage.service.run("select * from private.tend_jobs(10)")

    assert done == {"taken_over": 0, "mended": 0, "expired": 1}
    assert state(ada, job) == ("failed", "It was not done in time.")
    assert stage.service.count("select from procrastinate.procrastinate_jobs") == 0


def test_old_jobs_are_purged_oldest_first_with_the_names_of_their_pictures(
    stage: Stage, ada: Persona
) -> None:
    old, new, running = add_job(ada), add_job(ada), add_job(ada)
    stage.service.run(
        'update public.jobs set output_data = \'{"path": "private/user_files/a document"}\''
        " where id = %(job)s",
        job=old,
    )
    for job in (old, new):
        end(stage, job)

    purge = "select * from private.purge_jobs(now() + interval '1 day', %(n)s)"
    picture = f"private/generated_images/{ada.user_id}/{old}.png"
    assert stage.service.run(purge, n=1) == [
        {"id": old, "user_id": ada.user_id, "picture": picture}
    ]
    assert len(stage.service.run(purge, n=10)) == 1
    assert [row["id"] for row in ada.run("select id from public.jobs")] == [running]


def test_tending_reads_no_jobs_that_are_over_whatever_the_statistics_say(
    catalogue: Connection[Row],
) -> None:
    """They are of a time when all tasks were at work, and all runs late."""
    read = "select seq_scan from pg_stat_xact_all_tables where relid = 'public.jobs'::regclass"
    with catalogue.transaction(force_rollback=True):
        catalogue.execute(LATE_AND_AT_WORK)
        catalogue.execute("analyze private.job_runs, procrastinate.procrastinate_jobs, public.jobs")
        catalogue.execute(IN_TIME_AND_WAITING)
        before = catalogue.execute(read).fetchone()

        done = catalogue.execute("select * from private.tend_jobs(10)").fetchone()

        assert done == {"taken_over": 1, "mended": 0, "expired": 0}
        assert catalogue.execute(read).fetchone() == before


def test_two_who_ask_at_once_for_the_same_user_get_different_turns(
    cluster: Cluster, module_database: str
) -> None:
    url = cluster.url(module_database, login=SUPERUSER)
    insert = b"insert into public.jobs (user_id, job_type) values (%s, 'x')"
    with (
        psycopg.connect(url) as first,
        psycopg.connect(url, autocommit=True) as second,
    ):
        row = second.execute(
            b"insert into auth.users (email) values ('two@example.com') returning id"
        ).fetchone()
        assert row is not None
        first.execute(insert, row)
        second.execute(b"set lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            second.execute(insert, row)
        first.commit()
        second.execute(insert, row)
        turns = second.execute(b"select turn from private.job_runs order by 1").fetchall()

    assert turns == [(0,), (1,)]
