"""Pictures in a chat: a question and an answer that names the job which makes the picture.

The answer's `metadata.job_id` is what a client that knows of jobs goes by; its text is for all
others, for exports and for the model that is asked next. See docs/decisions/0012.
"""

from typing import Any, Final

from pocketllm_cli.api.wire import Call, Wire
from pocketllm_cli.models import Job

COMMAND: Final = "/image"
"""What a question for a picture begins with."""

_MOST_TOLD: Final = 200
"""Letters of a prompt that its answer repeats."""


def words_for(job: Job) -> str:
    """Return what the answer says to whoever does not see the picture."""
    prompt = " ".join(job.prompt.split())
    cut = prompt if len(prompt) <= _MOST_TOLD else f"{prompt[:_MOST_TOLD]}…"
    return f"[A picture of “{cut}”: `pocketllm images show {job.id[:8]}`]"


async def add_picture_turn(
    wire: Wire, chat_id: str, job: Job, *, question_id: str | None = None
) -> None:
    """Put a question and the answer that a job makes at the end of a chat.

    Args:
        question_id: A question that is there: the picture becomes another version of its answer.
    """
    answer: dict[str, Any] = {
        "chat_id": chat_id,
        "role": "assistant",
        "content": words_for(job),
        "metadata": {"job_id": job.id},
    }
    rows = [answer | {"parent_id": question_id}]
    if question_id is None:
        asked = {"role": "user", "content": f"{COMMAND} {job.prompt}", "metadata": None}
        rows = [{"chat_id": chat_id, **asked}, answer]  # in one statement they follow each other
    headers = {"Prefer": "return=minimal"}
    await wire.ask(Call("tables", "POST", "messages", (), rows, headers))
