"""Files that go with a prompt: which may, and how much of them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from backend_functions.chat_request.attachments import ChatFiles, attached_paths
from backend_functions.chat_request.context import count_bytes
from backend_functions.chat_request.file_kinds import as_attachment
from backend_functions.chat_request.readable import ReadableFiles
from backend_functions.errors import InvalidRequest, NotFound, TooLarge
from backend_functions.object_store import OpenObject
from backend_functions.pdf_text import PdfReader
from backend_functions.providers.base import ChatTurn, Document, Image
from backend_functions.providers.registry import PROVIDERS

PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)
USER, CHAT = UUID(int=1), UUID(int=2)
FOLDER = f"private/user_files/{USER}/{CHAT}"


class Shelf:
    """Files by path, and what was asked for."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.asked: list[str] = []

    @asynccontextmanager
    async def open(self, path: str, token: str, *, max_bytes: int) -> AsyncIterator[OpenObject]:
        self.asked.append(path)
        if path not in self.files:
            raise NotFound("There is no such file.")
        data = self.files[path]
        if len(data) > max_bytes:
            raise TooLarge("The file is too large.")

        async def pieces() -> AsyncIterator[bytes]:
            yield data

        yield OpenObject("application/octet-stream", len(data), pieces())

    async def put(
        self, path: str, content: bytes, token: str, *, content_type: str, upsert: bool = False
    ) -> None:
        raise AssertionError("nothing is written")


def chat_files(shelf: Shelf, max_bytes: int = 1_000) -> ChatFiles:
    return ChatFiles(shelf, USER, CHAT, "token", max_bytes)


@pytest.mark.parametrize(
    ("data", "kind", "media_type"),
    [
        (PNG, Image, "image/png"),
        (b"\xff\xd8\xff\xe0rest", Image, "image/jpeg"),
        (b"GIF89arest", Image, "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", Image, "image/webp"),
        (b"%PDF-1.7 rest", Document, "application/pdf"),
        ("käse\n".encode(), Document, "text/plain"),
    ],
    ids=["png", "jpeg", "gif", "webp", "pdf", "text"],
)
def test_a_file_is_what_its_bytes_say_whatever_its_name(
    data: bytes, kind: type, media_type: str
) -> None:
    attachment = as_attachment("picture.exe", data)

    assert isinstance(attachment, kind)
    assert attachment.media_type == media_type


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00\x01", b"\xff\xfe\x00", b"<svg>\x00", b"PK\x03\x04\xff"],
    ids=["empty", "nul", "not utf-8", "nul in text", "zip"],
)
def test_a_file_that_no_model_takes_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(InvalidRequest, match=r"thing\.bin"):
        as_attachment("thing.bin", data)


async def test_a_fork_reads_the_files_of_the_chat_it_came_of() -> None:
    path = f"private/user_files/{USER}/{UUID(int=9)}/a.txt"

    [file] = await chat_files(Shelf({path: b"text"})).load([path])

    assert (file.path, file.attachment.data) == (path, b"text")


@pytest.mark.parametrize(
    "path",
    [
        f"private/user_files/{USER}/elsewhere/a.txt",
        f"private/user_files/{UUID(int=9)}/{CHAT}/a.txt",
        f"private/generated_images/{USER}/a.png",
        f"{FOLDER}/../a.txt",
        f"{FOLDER}/..",
        f"/{FOLDER}/a.txt",
        f"{FOLDER}/a/b.txt",
        f"{FOLDER}/a\\b.txt",
        f"{FOLDER}/a\x00.txt",
        f"{FOLDER}/",
        f"{FOLDER.upper()}/a.txt",
    ],
)
async def test_a_path_outside_the_folders_of_the_users_chats_is_refused_unread(path: str) -> None:
    shelf = Shelf({path: b"text"})

    with pytest.raises(InvalidRequest):
        await chat_files(shelf).load([path])

    assert shelf.asked == []


async def test_all_files_of_a_prompt_share_one_bound() -> None:
    shelf = Shelf({f"{FOLDER}/a.txt": b"a" * 600, f"{FOLDER}/b.txt": b"b" * 600})

    await chat_files(shelf, 1_200).load([f"{FOLDER}/a.txt", f"{FOLDER}/b.txt"])
    with pytest.raises(TooLarge):
        await chat_files(shelf, 1_199).load([f"{FOLDER}/a.txt", f"{FOLDER}/b.txt"])


async def test_earlier_files_are_sent_again_newest_first_and_the_others_named() -> None:
    names = ["old.txt", "gone.txt", "new.txt"]
    messages: list[dict[str, Any]] = [
        {
            "id": f"m{i}",
            "role": "user",
            "metadata": {"attachments": [{"path": f"{FOLDER}/{name}"}]},
        }
        for i, name in enumerate(names)
    ]
    shelf = Shelf({f"{FOLDER}/old.txt": b"o" * 600, f"{FOLDER}/new.txt": b"n" * 600})

    found = await chat_files(shelf).load_earlier(
        messages, used_bytes=100, readable=ReadableFiles(PROVIDERS["openai"], PdfReader())
    )

    assert [len(found[message["id"]].attachments) for message in messages] == [0, 0, 1]
    assert [found[message["id"]].left_out for message in messages] == [
        ("old.txt",),
        ("gone.txt",),
        (),
    ]


@pytest.mark.parametrize(
    "metadata",
    [None, {}, {"attachments": 5}, {"attachments": [3, None, {"path": 7}, {}]}],
)
def test_whatever_a_client_wrote_into_metadata_names_no_file(metadata: object) -> None:
    assert attached_paths(metadata) == ()  # type: ignore[arg-type]


def test_a_picture_takes_room_in_the_window() -> None:
    bare = count_bytes([ChatTurn("user", "look")])

    assert (
        count_bytes([ChatTurn("user", "look", (Image("image/png", PNG, "a.png"),))]) > bare + 1_000
    )
    text = Document("text/plain", b"x" * 500, "a.txt")
    assert count_bytes([ChatTurn("user", "look", (text,))]) == bare + 500
