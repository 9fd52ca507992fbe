"""What is told of a job that is waited for, and of jobs in lists."""

from dataclasses import replace
from typing import Any

import pytest

from pocketllm_cli.columns import Page
from pocketllm_cli.commands.job_page import job_as_fields, jobs_as_table
from pocketllm_cli.commands.job_waiting import fail_if_failed
from pocketllm_cli.errors import JobFailed
from pocketllm_cli.job_progress import Progress, progress_told
from pocketllm_cli.models import Job

AT = "2026-01-02T03:04:05+00:00"
PENDING = Job("1" * 36, "image_generation", "pending", {"prompt": "x"}, None, None, AT, AT)
AT_WORK = replace(PENDING, status="processing", attempt=1)
PUT_OFF = replace(PENDING, attempt=2, next_attempt_at="2026-01-02T03:04:35+00:00")
FAILED = replace(PENDING, status="failed", error_log="It is busy.", attempt=3)


@pytest.mark.parametrize(
    ("job", "told"),
    [
        (PENDING, "Waiting for a worker (12 s so far)"),
        (AT_WORK, "At work (12 s so far)"),
        (replace(AT_WORK, attempt=3), "At work, attempt 3 (12 s so far)"),
        (PUT_OFF, "Attempt 2 failed, the next begins in 28 s (12 s so far)"),
        (
            replace(PUT_OFF, next_attempt_at=AT),
            "Attempt 2 failed, the next begins now (12 s so far)",
        ),
        (replace(PUT_OFF, next_attempt_at="soon"), "Waiting for a worker (12 s so far)"),
    ],
)
def test_state_attempt_and_the_next_try_are_told_whatever_the_clocks_say(
    job: Job, told: str
) -> None:
    progress = Progress(job, first_at=1000.0, seen_at=1010.0)

    assert progress.told(1012.0) == told


def test_of_several_jobs_those_to_go_are_counted() -> None:
    seen = [Progress(job, 0.0, 0.0) for job in (PENDING, AT_WORK, AT_WORK, FAILED)]

    assert progress_told(seen, 5.0) == "3 jobs to go, 2 at work (5 s so far)"
    assert progress_told(seen[2:], 5.0) == "At work (5 s so far)"


@pytest.mark.parametrize("width", [None, 60])
def test_what_others_wrote_changes_no_line_and_no_terminal(width: int | None) -> None:
    evil = "\x1b[2J\x1b]0;x\x07\x9bone\ntwo\u202e"
    made: dict[str, Any] = {"path": evil, "model": evil, "width": evil, "height": evil}
    jobs = [
        replace(PENDING, input_data={"prompt": evil}),
        replace(FAILED, error_log=evil, job_type=evil),
        replace(PENDING, status="completed", input_data={"prompt": 7}, output_data=made),
    ]

    page = Page(width)
    table = jobs_as_table(jobs, page, with_type=True)
    fields = [job_as_fields(job, page) for job in jobs]

    assert len(table.split("\n")) == 4
    for text in (table, *fields):
        assert not set(text) & set("\x1b\x07\x9b\u202e")


def test_a_row_that_holds_what_no_job_has_is_still_a_job() -> None:
    row = {"id": "1", "job_type": "x", "status": "completed", "output_data": [1], "attempt": None}

    job = Job.from_row(row)

    assert (job.picture_path, job.prompt, job.attempt) == (None, "", 0)


@pytest.mark.parametrize(
    ("reason", "told", "hint"),
    [
        ("It is busy.", "The job failed: It is busy.", "pocketllm jobs retry 11111111"),
        ("Cancelled.", "The job was cancelled.", "pocketllm jobs retry 11111111"),
        (None, "The job failed: Nobody noted why.", "pocketllm jobs retry 11111111"),
        (
            "Pictures need a key of ImageRouter, and there is none.",
            "The job failed: Pictures need a key of ImageRouter, and there is none.",
            "pocketllm models add",
        ),
    ],
)
def test_a_failed_job_says_why_and_what_helps(reason: str | None, told: str, hint: str) -> None:
    with pytest.raises(JobFailed) as failed:
        fail_if_failed([replace(FAILED, error_log=reason)])

    assert failed.value.message == told
    assert hint in failed.value.hint
