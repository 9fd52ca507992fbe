"""What can go with a prompt, and what is said of what cannot."""

from pathlib import Path

import pytest

from pocketllm_cli.attachables import check_together, from_bytes, look_at, prepare, refuse_address
from pocketllm_cli.errors import TooLarge, UnreadablePicture, UsageProblem
from pocketllm_cli.file_kinds import HEAD_BYTES, kind_of, size_told
from tests.pocketllm_cli.drawn import drawn


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (drawn("PNG"), "image/png"),
        (drawn("JPEG"), "image/jpeg"),
        (drawn("WEBP"), "image/webp"),
        (drawn("BMP"), "image/bmp"),
        (drawn("TIFF"), "image/tiff"),
        (b"%PDF-1.7 ...", "application/pdf"),
        ("æøå".encode(), "text/plain"),
        (b"BMW is a company", "text/plain"),
        (("a" + "å" * HEAD_BYTES).encode()[:HEAD_BYTES], "text/plain"),
        (b"\x00\x01", None),
        ("é".encode("latin-1") + b" and more", None),
        (b"", None),
    ],
)
def test_a_file_is_what_its_bytes_say(data: bytes, kind: str | None) -> None:
    assert kind_of(data) == kind


def test_a_picture_of_another_kind_becomes_one_that_models_take(tmp_path: Path) -> None:
    (tmp_path / "scan.bmp").write_bytes(drawn("BMP"))

    file = prepare(look_at(tmp_path / "scan.bmp"))

    assert (file.name, file.media_type) == ("scan.png", "image/png")
    assert file.data is not None
    assert file.size == len(file.data)


def test_what_cannot_be_attached_is_said_by_name(tmp_path: Path) -> None:
    (tmp_path / "tool").write_bytes(b"\x7fELF\x00")
    (tmp_path / "cut.png").write_bytes(drawn()[:60])

    with pytest.raises(UsageProblem, match="tool is neither a picture, a PDF nor text"):
        look_at(tmp_path / "tool")
    with pytest.raises(UsageProblem, match="is a folder"):
        look_at(tmp_path)
    with pytest.raises(UsageProblem, match="There is no file"):
        look_at(tmp_path / "none")
    with pytest.raises(UnreadablePicture, match=r"cut\.png: The picture cannot be read"):
        prepare(look_at(tmp_path / "cut.png"))


def test_an_address_is_refused_with_what_to_do_instead() -> None:
    with pytest.raises(UsageProblem, match="only files of this machine") as refused:
        refuse_address("https://example.org/a.png")

    assert "curl -O https://example.org/a.png" in refused.value.hint


def test_too_many_and_too_much_are_refused() -> None:
    text = from_bytes(b"hello", "stdin")

    assert text.name == "stdin.txt"
    with pytest.raises(UsageProblem, match="At most 10 files"):
        check_together([text] * 11)
    with pytest.raises(TooLarge, match="20 go with one question"):
        check_together([from_bytes(b"a" * 11_000_000, "a")] * 2)


@pytest.mark.parametrize(
    ("size", "told"), [(0, "0 B"), (999, "999 B"), (34_210, "34 KB"), (1_200_000, "1.2 MB")]
)
def test_a_size_is_told_as_people_read_it(size: int, told: str) -> None:
    assert size_told(size) == told
