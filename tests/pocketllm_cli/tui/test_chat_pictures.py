"""Pictures in a chat: asked for, waited for, seen again, made again, whatever was noted."""

from pathlib import Path

import pytest

from pocketllm_cli.models import Context, Message
from pocketllm_cli.tui.live import JobTouched
from pocketllm_cli.tui.messages import Moved
from pocketllm_cli.tui.slash_commands import parse_command
from tests.pocketllm_cli.drawn import drawn
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import Shown, shown_app

BLOCKS = "▀" * 10
PICTURE = drawn(size=(200, 100))


async def ask_for_picture(shown: Shown, text: str) -> None:
    await shown.until(lambda: shown.screen.status.connection == "online")
    await shown.ask(text)
    await shown.see("Waiting for a worker")


async def test_a_picture_is_asked_for_in_a_chat_and_is_there_again_on_another_machine(
    fake: FakeBackend, context: Context, folder: Path, tmp_path: Path
) -> None:
    async with shown_app(context, folder) as shown:
        await ask_for_picture(shown, "/image a red\nfox")
        question, answer = fake.tables["messages"]
        assert question["content"] == "/image a red\nfox"
        job = fake.tables["jobs"][0]
        assert answer["metadata"] == {"job_id": job["id"]}
        assert f"pocketllm images show {job['id'][:8]}" in answer["content"]
        assert "\n" not in answer["content"]
        assert fake.tables["chats"][0]["title"] == "a red"

    fake.complete_job(job, PICTURE)
    chat = fake.tables["chats"][0]["id"]
    async with shown_app(context, tmp_path / "elsewhere", chat=chat) as shown:
        await shown.see("You", "/image a red", "a-red-fox.png", BLOCKS)
        assert "pocketllm images show" not in shown.page


async def test_completion_is_seen_when_it_is_heard_of(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    async with shown_app(context, folder) as shown:
        await ask_for_picture(shown, "/image a fox")
        job = fake.tables["jobs"][0]
        fake.complete_job(job, PICTURE)
        shown.screen.post_message(Moved(JobTouched(job["id"])))
        await shown.see(BLOCKS)


async def test_another_picture_is_another_version_and_a_failed_one_says_why(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    async with shown_app(context, folder) as shown:
        await ask_for_picture(shown, "/image a fox")
        first = fake.tables["jobs"][0]
        first |= {"status": "failed", "error_log": "The provider refused this prompt."}
        shown.screen.post_message(Moved(JobTouched(first["id"])))
        await shown.see("No picture: The provider refused this prompt.")
        await shown.pilot.press("ctrl+up", "a")
        await shown.see("Make it anew")
        await shown.pilot.press("enter")
        await shown.see("2/2", "Waiting for a worker")
        question, _, other = fake.tables["messages"]
        assert other["parent_id"] == question["id"]
        await shown.pilot.press("a")
        await shown.see("Cancel it")
        await shown.pilot.press("enter")
        await shown.see("No picture: Cancelled.")
    assert len(fake.tables["jobs"]) == 2


async def test_whoever_goes_on_to_another_chat_finds_the_picture_in_the_one_that_asked(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    fake.hanging.add("/functions/v1/image-generation")
    async with shown_app(context, folder) as shown:
        await shown.until(lambda: shown.screen.status.connection == "online")
        asking = shown.screen.current.chat.id
        await shown.ask("/image a fox")
        await shown.until(lambda: fake.seen["POST /functions/v1/image-generation"])
        await shown.pilot.press("ctrl+n")
        fake.over.set()
        await shown.until(lambda: len(fake.tables["messages"]) == 2)
        await shown.see("a fox")  # in the list of chats
        assert fake.tables["chats"][0]["id"] == asking != shown.screen.current.chat.id
        assert not shown.screen.current.is_stored


async def test_a_refused_picture_leaves_nothing_and_gives_the_words_back(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    told = {"error": {"code": "quota_exceeded", "message": "Too many jobs."}}
    fake.failing["/functions/v1/image-generation"] = (429, told)
    async with shown_app(context, folder) as shown:
        await shown.until(lambda: shown.screen.status.connection == "online")
        await shown.ask("/image a fox")
        await shown.until(lambda: any("Too many jobs." in note for note in shown.notices))
        await shown.until(lambda: shown.screen.composer.text == "/image a fox")
    assert not fake.tables["messages"]
    assert not fake.tables["chats"]


async def test_a_message_that_names_a_job_of_nobody_or_no_job_does_nothing(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    chat = fake.add_chat("Odd")
    fake.add_message(chat["id"], "user", "one", job_id="11111111-1111-4111-8111-111111111111")
    unknown = "99999999-1111-4111-8111-111111111111"
    fake.add_message(chat["id"], "assistant", "words", job_id=unknown)
    fake.add_message(chat["id"], "assistant", "harmless", job_id="in.(x)&select=*\x1b[2J")
    async with shown_app(context, folder, chat="last") as shown:
        await shown.see("The picture was deleted.", "harmless")
        assert "\x1b" not in shown.page


async def test_a_job_that_names_anything_else_than_its_picture_has_none_shown(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    made = {"path": "private/user_files/../../secret.png", "size": 3}
    job = fake.add_job("[red]x[/red] \x1b[2J", "completed", output_data=made)
    chat = fake.add_chat("Odd")
    fake.add_message(chat["id"], "assistant", "words", job_id=job["id"])
    async with shown_app(context, folder, chat="last") as shown:
        await shown.see("is not shown: It does not lie in the folder of a")
    assert not any("secret" in path for path in fake.seen)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/image a fox", ("image", "a fox")),
        ("/image a\nfox", ("image", "a\nfox")),
        ("/image", ("image", "")),
        ("/rename a\nfox", None),
        ("/imagine", None),
        ("/", None),
    ],
)
def test_a_picture_may_be_described_in_lines(text: str, command: tuple[str, str] | None) -> None:
    assert parse_command(text) == command


@pytest.mark.parametrize("noted", [None, 7, "", "x" * 36, "1111", ["a"], {"id": "a"}])
def test_only_an_id_names_a_job(noted: object) -> None:
    assert Message("m", "c", "assistant", "", {"job_id": noted}, "").job_id is None


async def test_a_config_that_only_holds_a_key_is_offered_to_no_chat(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    fake.add_model("key", provider="tavily")
    async with shown_app(context, folder) as shown:
        await shown.until(lambda: shown.screen.status.connection == "online")
        await shown.ask("/model key")
        await shown.until(lambda: any("no chat can be had" in note for note in shown.notices))
        assert shown.screen.current.chat.model_config_id is None
        await shown.ask("/model")
        await shown.see("Which model answers in this chat?")
        assert "tavily" not in shown.page
