"""Ids and paths of one account, as the other account has them."""

from typing import Any

import pytest

from pocketllm_cli.exports.whole_chat import WholeChat
from pocketllm_cli.transfer.places import Places

HERE, THERE = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
CHAT, FIRST, SECOND = (f"{n}0000000-0000-4000-8000-000000000000" for n in (3, 4, 5))


@pytest.fixture
def places() -> Places:
    return Places(HERE, THERE, {"old model": "new model"})


def whole(**metadata: Any) -> WholeChat:
    chat = dict.fromkeys(("title", "title_by", "created_at", "updated_at", "archived_at"), "x")
    row = {"role": "user", "content": "x", "created_at": "x"}
    return WholeChat(
        {**chat, "id": CHAT, "model_config_id": "old model", "current_message_id": SECOND},
        [
            {**row, "id": FIRST, "parent_id": None, "metadata": metadata or None},
            {**row, "id": SECOND, "parent_id": FIRST, "metadata": None},
        ],
    )


@pytest.mark.parametrize(
    ("path", "moved"),
    [
        (f"private/user_files/{HERE}/{CHAT}/a.txt", f"private/user_files/{THERE}/{CHAT}/a.txt"),
        (f"private/generated_images/{HERE}/j.png", f"private/generated_images/{THERE}/j.png"),
        (f"public/avatars/{HERE}.png", f"public/avatars/{THERE}.png"),
        (f"private/user_files/{CHAT}/x/a.txt", f"private/user_files/{CHAT}/x/a.txt"),
        ("a cat", "a cat"),
    ],
)
def test_a_file_lies_in_the_folder_of_the_other_account(
    places: Places, path: str, moved: str
) -> None:
    assert places.path(path) == moved


def test_a_chat_keeps_its_ids_and_gets_the_models_of_the_other_account(places: Places) -> None:
    path = f"private/user_files/{HERE}/{CHAT}/a.txt"

    record = places.record(whole(attachments=[{"path": path}, 7], model_config_id="old model"))

    assert (record["id"], record["current_message_id"]) == (CHAT, SECOND)
    assert record["model_config_id"] == "new model"
    assert record["messages"][0]["metadata"] == {
        "attachments": [{"path": path.replace(HERE, THERE)}, 7],
        "model_config_id": "new model",
    }


def test_a_chat_whose_ids_are_taken_gets_others_the_same_every_time(places: Places) -> None:
    places.rename(CHAT)
    record = places.record(whole())
    again = places.record(whole())

    first, second = record["messages"]
    assert record == again
    assert not {record["id"], first["id"], second["id"]} & {CHAT, FIRST, SECOND}
    assert second["parent_id"] == first["id"]
    assert record["current_message_id"] == second["id"]
    assert places.path(f"private/user_files/{HERE}/{CHAT}/a.txt").split("/")[3] == record["id"]


def test_a_model_that_is_not_there_leaves_the_chat_without_one(places: Places) -> None:
    places.models.clear()

    assert places.record(whole())["model_config_id"] is None


def test_an_answer_in_the_making_is_brought_over_as_interrupted(places: Places) -> None:
    assert places.record(whole(status="streaming"))["messages"][0]["metadata"] == {
        "status": "interrupted"
    }
