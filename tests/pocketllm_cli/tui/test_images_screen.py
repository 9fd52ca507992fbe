"""The images screen: asked for, waited for, looked at, saved, cancelled, made anew, deleted."""

import json
from pathlib import Path

from pocketllm_cli.models import Context
from pocketllm_cli.tui.live import JobGone, JobTouched
from pocketllm_cli.tui.messages import Moved
from pocketllm_cli.tui.screens.images import ImagesScreen
from pocketllm_cli.tui.widgets.picture import PictureView
from tests.pocketllm_cli.drawn import drawn, opened
from tests.pocketllm_cli.fake_backend import FakeBackend
from tests.pocketllm_cli.tui.harness import Shown, shown_app

WIDE = (100, 30)
BLOCKS = "▀" * 10


def images(shown: Shown) -> ImagesScreen:
    screen = next(each for each in shown.app.screen_stack if isinstance(each, ImagesScreen))
    assert isinstance(screen, ImagesScreen)
    return screen


def sent(fake: FakeBackend) -> dict[str, object]:
    return next(body for body in reversed(fake.bodies) if "modelId" in body)


async def test_a_picture_is_asked_for_waited_for_and_seen_and_the_choices_are_kept(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    async with shown_app(context, folder, size=WIDE) as shown:
        await shown.pilot.press("f10")
        await shown.see("No pictures yet", "IMAGEROUTER_API_KEY", "F2")
        await shown.paste("a fox")
        await shown.pilot.press("tab")
        await shown.paste("test/test")
        await shown.pilot.press("tab", "tab")
        await shown.paste("512x512")
        await shown.pilot.press("enter", "enter")
        await shown.see("Waiting for a worker")
        assert sent(fake) == {"prompt": "a fox", "modelId": "test/test", "size": "512x512"}
        job = fake.tables["jobs"][0]
        job |= {"status": "processing", "attempt": 2}
        shown.screen.post_message(Moved(JobTouched(job["id"])))
        await shown.see("At work, attempt 2")
        fake.complete_job(job, drawn(size=(240, 120)))
        await shown.see(BLOCKS)

    async with shown_app(context, folder, size=WIDE) as shown:
        await shown.pilot.press("f10")
        await shown.see("test/test", "512x512", BLOCKS)


async def test_a_refused_wish_gives_the_prompt_back(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    told = {"error": {"code": "quota_exceeded", "message": "You have too many jobs."}}
    fake.failing["/functions/v1/image-generation"] = (429, told)
    wish = folder / "state" / "terminal" / "image-wish.json"
    wish.parent.mkdir(parents=True)
    wish.write_text(json.dumps({"model": "test/test", "size": 7}))
    async with shown_app(context, folder, size=WIDE) as shown:
        await shown.pilot.press("f10")
        await shown.see("No pictures yet")
        await shown.paste("a fox")
        await shown.pilot.press("enter")
        await shown.until(lambda: any("too many jobs" in note for note in shown.notices))
        await shown.until(lambda: images(shown).form.prompt.value == "a fox")


async def test_what_waits_can_be_cancelled_and_made_anew_and_says_what_helps(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    fake.add_job("a fox", attempt=1, next_attempt_at="2026-01-02T12:00:08+00:00")
    async with shown_app(context, folder, size=WIDE) as shown:
        await shown.pilot.press("f10")
        await shown.see("Attempt 1 failed, the next begins in 8 s · 1 min 00 s")
        await shown.pilot.press("x")
        await shown.until(lambda: any("cancels it first" in note for note in shown.notices))
        await shown.pilot.press("z")
        await shown.see("Cancelled.", "r makes it anew")
        assert fake.tables["jobs"][0]["status"] == "failed"
        await shown.pilot.press("r")
        await shown.see("Waiting for a worker")
        first, second = fake.tables["jobs"]
        assert (first["status"], second["status"]) == ("failed", "pending")
        second |= {"status": "failed", "error_log": "Pictures of this provider need a key."}
        shown.screen.post_message(Moved(JobTouched(second["id"])))
        await shown.see("F2 adds a key", "imagerouter.")


async def test_another_one_of_a_changed_picture_is_made_from_the_same_picture(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    wanted = {"prompt": "at night", "modelId": "m", "inputImage": "private/image_inputs/a/b.png"}
    fake.complete_job(fake.add_job("at night", input_data=wanted), drawn(size=(60, 40)))
    async with shown_app(context, folder, size=WIDE) as shown:
        await shown.pilot.press("f10")
        await shown.see("at night")
        await shown.pilot.press("m", "down", "r")  # from the form back to the pictures
        await shown.see("Waiting for a worker")
    assert sent(fake) == wanted


async def test_a_model_config_is_named_by_its_name(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    config = fake.add_model("painter", provider="imagerouter")
    async with shown_app(context, folder, size=WIDE) as shown:
        await shown.pilot.press("f10")
        await shown.see("No pictures yet")
        await shown.paste("a fox")
        await shown.pilot.press("tab")
        await shown.paste("painter")
        await shown.pilot.press("enter", "enter")
        await shown.see("Waiting for a worker")
        assert config["id"] not in shown.page
    assert sent(fake)["modelId"] == config["id"]


async def test_a_picture_is_saved_byte_for_byte_and_replaces_a_file_only_when_told(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    picture = drawn(size=(60, 40))
    fake.complete_job(fake.add_job("../A red Fox!"), picture)
    target = folder / "a-red-fox.png"
    async with shown_app(context, folder, size=WIDE) as shown:
        await shown.pilot.press("f10")
        await shown.see("A red Fox!")
        await shown.pilot.press("s")
        await shown.until(lambda: shown.place == "AskLine")
        await shown.pilot.press("enter")
        await shown.until(lambda: target.exists() and shown.place == "ImagesScreen")
        assert target.read_bytes() == picture
        target.write_bytes(b"mine")
        await shown.pilot.press("s")
        await shown.until(lambda: shown.place == "AskLine")
        await shown.pilot.press("enter")
        await shown.see("is there already")
        await shown.pilot.press("escape")
        await shown.until(lambda: shown.place == "ImagesScreen")
    assert target.read_bytes() == b"mine"


async def test_a_picture_is_fetched_once_seen_large_linked_and_deleted_after_a_question(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    path = fake.complete_job(fake.add_job("a fox"), drawn(size=(3000, 2000)))
    async with shown_app(context, folder, size=WIDE) as shown:
        await shown.pilot.press("f10")
        await shown.see(BLOCKS)
        await shown.pilot.press("enter")
        await shown.see("a-fox.png · PNG", "▀" * 60)
        assert fake.seen[f"GET /storage/v1/object/authenticated/user_assets/{path}"] == 1
        [kept] = (folder / "cache" / "pictures").glob("*.png")
        assert max(opened(kept.read_bytes()).size) == 1024
        await shown.pilot.press("escape", "l")
        await shown.see("For how long?")
        await shown.pilot.press("down", "enter")
        await shown.until(lambda: any("good for 1 hour" in note for note in shown.notices))
        await shown.pilot.press("x")
        await shown.see("A chat that shows it will")
        await shown.pilot.press("enter")  # on the first button, which does not
        assert path in fake.storage.objects
        await shown.until(lambda: shown.place == "ImagesScreen")
        await shown.pilot.press("x")
        await shown.see("for good?")
        await shown.pilot.press("tab", "enter")
        await shown.see("No pictures yet")
    assert not fake.tables["jobs"]
    assert not fake.storage.objects


async def test_pictures_of_elsewhere_appear_and_go_and_the_selection_stays(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    mine = fake.add_job("mine", "failed", error_log="no")
    async with shown_app(context, folder, size=WIDE) as shown:
        await shown.pilot.press("f10")
        await shown.see("mine")
        other = fake.add_job("from another machine")
        shown.screen.post_message(Moved(JobTouched(other["id"])))
        await shown.see("from another machine")
        assert images(shown).chosen.id == mine["id"]  # type: ignore[union-attr]
        fake.tables["jobs"].remove(other)
        shown.screen.post_message(Moved(JobGone(other["id"])))
        await shown.until(lambda: len(images(shown).gallery.cards) == 1)


async def test_only_pictures_near_what_is_seen_are_fetched_and_older_ones_follow(
    fake: FakeBackend, context: Context, folder: Path
) -> None:
    for number in range(60):
        picture = drawn(size=(40, 20))
        fake.complete_job(fake.add_job(f"picture {number:02}"), picture)

    def fetched() -> int:
        return sum(count for path, count in fake.seen.items() if "generated_images" in path)

    def views() -> int:
        return len(images(shown).query(PictureView))

    async with shown_app(context, folder, size=(80, 24)) as shown:
        await shown.pilot.press("f10")
        await shown.until(lambda: shown.place == "ImagesScreen" and views())
        await shown.until(lambda: fetched() == views())
        assert len(images(shown).gallery.cards) == 24
        assert 0 < fetched() < 24
        await shown.pilot.press("G")
        await shown.until(lambda: len(images(shown).gallery.cards) == 48)
        await shown.pilot.press("G")
        await shown.until(lambda: len(images(shown).gallery.cards) == 60)
        await shown.pilot.press("G")
        await shown.until(lambda: images(shown).chosen.prompt == "picture 00")  # type: ignore[union-attr]
        await shown.until(lambda: 0 < views() < 40)
