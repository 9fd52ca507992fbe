"""How the making of a picture is told."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pocketllm_cli.job_progress import NO_MODEL
from pocketllm_cli.models import Job
from pocketllm_cli.tui.job_words import about_told, age_told, name_from, picture_of, waiting_told

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
BEGUN = "2026-01-02T11:59:48+00:00"
KEYS = {"retry": "r", "models": "F2"}


def job(status: str = "pending", **fields: Any) -> Job:
    row = {"id": "1", "job_type": "image_generation", "status": status, "created_at": BEGUN}
    return Job.from_row({"updated_at": BEGUN, "input_data": {"prompt": "a fox"}} | row | fields)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "Waiting for a worker · 12 s"),
        ({"status": "processing", "attempt": 1}, "At work · 12 s"),
        ({"status": "processing", "attempt": 3}, "At work, attempt 3 · 12 s"),
        (
            {"attempt": 1, "next_attempt_at": "2026-01-02T12:00:30+00:00"},
            "Attempt 1 failed, the next begins in 30 s · 12 s",
        ),
        (
            {"attempt": 1, "next_attempt_at": BEGUN},
            "Attempt 1 failed, the next begins now · 12 s",
        ),
        ({"created_at": "soon"}, "Waiting for a worker · ?"),
    ],
)
def test_what_is_told_is_state_time_attempt_and_next_try(fields: dict[str, Any], told: str) -> None:
    assert waiting_told(job(**fields), NOW) == told


def test_long_waits_are_told_in_minutes_and_hours() -> None:
    assert age_told("2026-01-02T11:56:55+00:00", NOW) == "3 min 05 s"
    assert age_told("2026-01-02T09:50:00+00:00", NOW) == "2 h 10 min"
    assert age_told("2026-01-02T12:05:00+00:00", NOW) == "0 s", "the backend's clock is ahead"


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("A red Fox!", "a-red-fox"),
        ("../../etc/passwd", "etc-passwd"),
        ("漢字 ok", "漢字-ok"),
        ("\x1b]0;x\x07", "picture"),
        ("", "picture"),
        ("word " * 40, "word-word-word-word-word-word-word-word"),
    ],
)
def test_a_picture_is_called_by_the_first_words_of_its_prompt(prompt: str, name: str) -> None:
    assert name_from(prompt) == name


def test_what_is_known_of_a_picture_is_told_and_nothing_made_up() -> None:
    made = {"path": "p", "size": 2_000_000, "width": 512, "height": 256, "cost_usd": 0.04}
    told = about_told(job("completed", output_data=made), NOW, KEYS)
    assert told.startswith("a fox\n512x256 · 2.0 MB · $0.0400 · 2026-01-02")
    assert about_told(job("completed", output_data={"size": "x"}), NOW, KEYS).count("\n") == 1
    assert "The backend does not say why. r makes it" in about_told(job("failed"), NOW, KEYS)


def test_a_config_is_not_told_by_its_id_and_what_lacks_a_model_is_told_where_to_name_one() -> None:
    wanted = {"prompt": "a fox", "modelId": "11111111-1111-4111-8111-111111111111"}
    assert "1111" not in about_told(job(input_data=wanted), NOW, KEYS)
    made = {"path": "p", "model": "test/test"}
    assert "test/test" in about_told(job("completed", output_data=made), NOW, KEYS)
    assert "beside Model" in about_told(job("failed", error_log=NO_MODEL), NOW, KEYS)


def test_only_a_completed_job_with_a_path_has_a_picture() -> None:
    assert picture_of(job("failed", output_data={"path": "p"})) is None
    assert picture_of(job("completed", output_data={"path": 7})) is None
    assert picture_of(job("completed", output_data={"path": "p"})) is not None
