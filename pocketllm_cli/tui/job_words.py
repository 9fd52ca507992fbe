"""How the making of a picture stands, in words; what is told is what the backend says of it."""

from collections.abc import Mapping
from datetime import datetime

from pocketllm_cli.api.identifiers import is_whole_id
from pocketllm_cli.columns import local_time
from pocketllm_cli.durations import clock_told
from pocketllm_cli.file_kinds import size_told
from pocketllm_cli.job_progress import NO_MODEL, state_told
from pocketllm_cli.models import AttachedFile, Job
from pocketllm_cli.sanitize import clean_line
from pocketllm_cli.usage_numbers import cost_as_text


def waiting_told(job: Job, now: datetime) -> str:
    """Return how a job that is not over stands: state, attempt, next try, how long it is wanted."""
    wait = None
    if job.next_attempt_at is not None and job.status == "pending":
        wait = _seconds_between(now, job.next_attempt_at)
    return f"{clean_line(state_told(job, wait))} · {age_told(job.created_at, now)}"


def age_told(moment: str, now: datetime) -> str:
    """Return how long ago a stored moment was, and `?` where it is none."""
    seconds = _seconds_between(moment, now)
    return "?" if seconds is None else clock_told(seconds)


def _seconds_between(earlier: str | datetime, later: str | datetime) -> int | None:
    """Return the whole seconds between two moments, at least 0; None where one is no moment."""
    try:
        first, last = (
            datetime.fromisoformat(each) if isinstance(each, str) else each
            for each in (earlier, later)
        )
        return max(0, int((last - first).total_seconds()))
    except (ValueError, TypeError):
        return None


def about_told(job: Job, now: datetime, keys: Mapping[str, str]) -> str:
    """Return what is known of a picture: its prompt, how it was wanted, how it stands.

    Args:
        keys: What makes it anew (`retry`) and leads to the model configs (`models`).
    """
    wanted, made = job.input_data or {}, job.output_data or {}
    size = made.get("size")
    cost = made.get("cost_usd")
    facts = [
        model_told(job),
        *(str(wanted[name]) for name in ("quality", "size") if wanted.get(name)),
        f"{made['width']}x{made['height']}" if {"width", "height"} <= made.keys() else "",
        size_told(size) if type(size) is int else "",
        cost_as_text(cost) if isinstance(cost, int | float) else "",
        local_time(job.created_at),
    ]
    lines = [clean_line(job.prompt), clean_line(" · ".join(filter(None, facts)))]
    if not job.is_over:
        lines.append(waiting_told(job, now))
    elif job.status == "failed":
        lines.append(f"{reason_told(job)} {advice_for(job, keys)}")
    return "\n".join(lines)


def model_told(job: Job) -> str:
    """Return the name of the model that made it or is to; "" where the job tells only an id."""
    name = (job.output_data or {}).get("model") or (job.input_data or {}).get("modelId")
    return name if isinstance(name, str) and not is_whole_id(name) else ""


def advice_for(job: Job, keys: Mapping[str, str]) -> str:
    """Return what helps where a picture was not made."""
    if "key" in reason_told(job).casefold():
        return f"{keys['models']} adds a key: a model config of the provider imagerouter."
    if job.error_log == NO_MODEL:
        return "Write one beside Model, above, and ask for the picture again."
    return f"{keys['retry']} makes it anew."


def reason_told(job: Job) -> str:
    """Return why a job failed, in one harmless line."""
    return clean_line(job.error_log or "") or "The backend does not say why."


def picture_of(job: Job) -> AttachedFile | None:
    """Return the picture that a job made, as a file; None where there is none."""
    if job.picture_path is None:
        return None
    size = (job.output_data or {}).get("size")
    name = f"{name_from(job.prompt)}.png"
    return AttachedFile(job.picture_path, name, "image/png", size if type(size) is int else 0)


def name_from(prompt: str) -> str:
    """Return what a picture is called when it is saved: the first words of its prompt."""
    words = "".join(each if each.isalnum() else " " for each in clean_line(prompt)).split()
    name = ""
    for word in words:
        if len(name) + len(word) > 40:
            break
        name = f"{name}-{word}" if name else word
    return name.casefold() or "picture"
