"""The file of a backup: whole, or refused before anything is done with it."""

import gzip
import io
import json
import tarfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from backend_functions.admin.archive import Manifest, new_archive, read_archive
from backend_functions.admin.passphrase import Sealed, open_with, seal_with
from backend_functions.admin.problem import AdminProblem
from backend_functions.admin.restore import restore, verify

MANIFEST = Manifest("2026-11-22T00:00:00+00:00", "0.1.0", "18.6", [], {"public.chats": 1}, False)


WORDS = "correct horse"


@pytest.fixture(scope="module")
def sealed() -> Sealed:
    """Keys, sealed once: that is slow on purpose."""
    return seal_with(WORDS, "the keys")


def write(path: Path, manifest: Manifest = MANIFEST) -> Manifest:
    with new_archive(path) as archive:
        archive.add_text("database.dump", "a dump")
        archive.add_text("roles.sql", "create role a;")
        archive.add_text("keys.json", '{"a": 1}' * 500)
        archive.add_text("objects/2debc984-715d-454b-8a62-1cd0368f9d15", "bytes" * 5000)
        return archive.finish(replace(manifest, members={}))


def test_what_was_written_is_read_and_unpacked_for_nobody_else(tmp_path: Path) -> None:
    written = write(tmp_path / "b")

    assert read_archive(tmp_path / "b", tmp_path / "out") == written
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600
    unpacked = tmp_path / "out" / "keys.json"
    assert unpacked.stat().st_mode & 0o777 == 0o600
    assert unpacked.read_text() == '{"a": 1}' * 500


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_backup_that_was_cut_off_is_refused(tmp_path: Path, share: float) -> None:
    write(tmp_path / "b")
    data = (tmp_path / "b").read_bytes()
    (tmp_path / "b").write_bytes(data[: int(len(data) * share)])

    with pytest.raises(AdminProblem, match="damaged"):
        read_archive(tmp_path / "b")


def test_a_backup_whose_content_was_changed_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "b")
    plain = gzip.decompress((tmp_path / "b").read_bytes())
    (tmp_path / "b").write_bytes(gzip.compress(plain.replace(b"bytesbytes", b"bytesBYTES", 1)))

    with pytest.raises(AdminProblem, match="checksums"):
        read_archive(tmp_path / "b")


@pytest.mark.parametrize("name", ["../outside", "objects/../x", "a/b/c", "keys.json"])
def test_a_member_that_does_not_belong_there_is_never_unpacked(tmp_path: Path, name: str) -> None:
    extra = tmp_path / "extra"
    extra.write_text("x")
    with tarfile.open(tmp_path / "b", "w:gz") as archive:
        archive.add(extra, "keys.json")
        archive.add(extra, name)

    with pytest.raises(AdminProblem, match="does not belong"):
        read_archive(tmp_path / "b", tmp_path / "out")
    assert not (tmp_path / "outside").exists()


def test_a_file_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    write(tmp_path / "b")

    with pytest.raises(AdminProblem, match="is there already"):
        write(tmp_path / "b")


@pytest.mark.parametrize(
    "manifest",
    [replace(MANIFEST, format=2), replace(MANIFEST, migrations=["supabase_migrations.99990101"])],
    ids=["format", "migrations"],
)
def test_a_backup_of_a_newer_version_is_refused_before_anything_is_changed(
    tmp_path: Path, manifest: Manifest
) -> None:
    write(tmp_path / "b", manifest)
    home = tmp_path / "home"
    home.mkdir()

    for attempt in (verify, lambda source, words: restore(home, source, words)):
        with pytest.raises(AdminProblem, match="newer version"):
            attempt(tmp_path / "b", None)
    assert [path.name for path in home.iterdir()] == ["lock"]


@pytest.mark.parametrize("missing", ["database.dump", "roles.sql", "keys.json"])
def test_a_backup_is_whole_only_with_all_that_a_restore_needs(tmp_path: Path, missing: str) -> None:
    with new_archive(tmp_path / "b") as archive:
        for name in {"database.dump", "roles.sql", "keys.json"} - {missing}:
            archive.add_text(name, "{}")
        archive.finish(MANIFEST)

    for attempt in (verify, lambda source, words: restore(tmp_path / "home", source, words)):
        with pytest.raises(AdminProblem, match=f"{missing} is missing"):
            attempt(tmp_path / "b", None)


@pytest.mark.parametrize(
    "told",
    [
        {"rows": "many"},
        {"rows": {"public.chats": "many"}},
        {"migrations": 5},
        {"made_at": None},
        {"format": "1"},
        {"signature": 7},
        {"signature": "\u00e9"},
        {"members": []},
        [],
        "[" * 100_000,
    ],
    ids=lambda told: str(told)[:40],
)
def test_a_manifest_of_another_shape_is_refused_in_a_sentence(
    tmp_path: Path, sealed: Sealed, told: Any
) -> None:
    text = told if isinstance(told, str) else json.dumps(told)
    if isinstance(told, dict):
        with new_archive(tmp_path / "a") as archive:
            for name in ("database.dump", "roles.sql"):
                archive.add_text(name, "x")
            archive.add_text("keys.sealed", sealed.text)
            whole = archive.finish(replace(MANIFEST, are_keys_sealed=True), sealed.signing_key)
        text = json.dumps(asdict(whole) | told)
    with tarfile.open(tmp_path / "b", "w:gz") as changed:
        if isinstance(told, dict):
            with tarfile.open(tmp_path / "a") as original:
                for entry in original.getmembers()[:-1]:
                    changed.addfile(entry, original.extractfile(entry))
        entry = tarfile.TarInfo("manifest.json")
        entry.size = len(text.encode())
        changed.addfile(entry, io.BytesIO(text.encode()))

    with pytest.raises(AdminProblem, match=r"damaged|changed this backup"):
        verify(tmp_path / "b", WORDS)


@pytest.mark.parametrize(
    "keys", [b"\xff\xfe", b"[" * 100_000, b"[]", b"{}", b"1" * (2 << 20)], ids=len
)
def test_sealed_keys_that_are_none_are_refused_in_a_sentence(tmp_path: Path, keys: bytes) -> None:
    (tmp_path / "keys").write_bytes(keys)
    with new_archive(tmp_path / "b") as archive:
        for name in ("database.dump", "roles.sql"):
            archive.add_text(name, "x")
        archive.add_file("keys.sealed", tmp_path / "keys")
        archive.finish(replace(MANIFEST, are_keys_sealed=True))

    for attempt in (verify, lambda source, words: restore(tmp_path / "home", source, words)):
        with pytest.raises(AdminProblem, match=r"does not open|too long"):
            attempt(tmp_path / "b", "correct horse")


def test_keys_open_with_their_passphrase_alone() -> None:
    sealed = seal_with("correct horse", "the keys")

    assert open_with("correct horse", sealed.text) == replace(sealed, text="the keys")
    assert "the keys" not in sealed.text
    for passphrase, text in (("correct hors", sealed.text), ("correct horse", "{}")):
        with pytest.raises(AdminProblem, match="does not open"):
            open_with(passphrase, text)
    with pytest.raises(AdminProblem, match="8 characters"):
        seal_with("short", "the keys")


def test_a_backup_is_refused_that_was_made_anew_by_somebody_without_its_passphrase(
    tmp_path: Path,
) -> None:
    words = "correct horse"
    sealed = seal_with(words, "the keys")
    for name, script, key in (("own", "create role a;", sealed.signing_key), ("forged", "x", None)):
        with new_archive(tmp_path / name) as archive:
            archive.add_text("database.dump", "a dump")
            archive.add_text("roles.sql", script)
            archive.add_text("keys.sealed", sealed.text)
            archive.finish(replace(MANIFEST, are_keys_sealed=True), key)
    write(tmp_path / "open")
    home = tmp_path / "home"

    assert verify(tmp_path / "own", words).are_keys_sealed
    for name, why in (("forged", "did not know its passphrase"), ("open", "not sealed")):
        for attempt in (verify, lambda source, words: restore(home, source, words)):
            with pytest.raises(AdminProblem, match=why):
                attempt(tmp_path / name, words)
    assert [path.name for path in home.iterdir()] == ["lock"]


def test_a_header_that_would_fill_the_memory_and_a_file_of_holes_are_refused(
    tmp_path: Path,
) -> None:
    long, holes = tarfile.TarInfo("a"), tarfile.TarInfo("b")
    long.type, long.size = tarfile.XHDTYPE, 1 << 40
    holes.type, holes.size = tarfile.GNUTYPE_SPARSE, 1 << 40
    for entry in (long, holes):
        with gzip.open(tmp_path / entry.name, "wb") as file:
            file.write(entry.tobuf(tarfile.GNU_FORMAT) + bytes(10240))

        with pytest.raises(AdminProblem, match="damaged"):
            read_archive(tmp_path / entry.name, tmp_path / "out")
    assert not (tmp_path / "out").exists()
