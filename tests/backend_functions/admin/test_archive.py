"""The file of a backup: whole, or refused before anything is done with it."""

import gzip
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from backend_functions.admin.archive import Manifest, new_archive, read_archive
from backend_functions.admin.passphrase import open_with, seal_with
from backend_functions.admin.problem import AdminProblem
from backend_functions.admin.restore import restore, verify

MANIFEST = Manifest("2026-11-22T00:00:00+00:00", "0.1.0", "18.6", [], {"public.chats": 1}, False)


def write(path: Path, manifest: Manifest = MANIFEST) -> Manifest:
    with new_archive(path) as archive:
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
