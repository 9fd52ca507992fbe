"""A user who is deleted leaves no object behind, even if the server dies on the way."""

from uuid import uuid4

import pytest

from backend_functions.db.pool import Database
from backend_functions.gateway.storage import leftovers
from backend_functions.gateway.storage.disk import ObjectFolder
from backend_functions.gateway.storage.leftovers import remove_objects_of_nobody
from backend_functions.gateway.storage.store import StoredObjects
from tests.backend_functions.gateway.storage.conftest import status_of
from tests.support.gateway import Person, RunningGateway

pytestmark = pytest.mark.db


def fill(gateway: RunningGateway, person: Person) -> list[str]:
    """Give somebody a file, an avatar and a generated image."""
    file = f"private/user_files/{person.id}/{uuid4()}/a.txt"
    avatar = f"public/avatars/{person.id}.png"
    image = f"private/generated_images/{person.id}/{uuid4()}.png"
    assert person.put_object(f"user_assets/{file}").is_success
    with gateway.service.http as service:
        headers = {"content-type": "image/png"}
        for name in (avatar, image):
            path = f"object/user_assets/{name}"
            assert service.post(path, content=b"x", headers=headers).is_success
    return [file, avatar, image]


def objects_of(gateway: RunningGateway, person: Person) -> list[str]:
    statement = "select name from storage.objects where strpos(name, %s) > 0"
    return [str(name) for (name,) in gateway.run_sql(statement, person.id)]


def test_the_objects_of_a_deleted_user_go_in_batches_and_nobody_elses(
    gateway: RunningGateway, service: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "_BATCH", 2)
    before = gateway.files()
    gone, stays = gateway.sign_up(), gateway.sign_up()
    with gone.http, stays.http:
        fill(gateway, gone)
        with_one = gateway.files()
        kept = fill(gateway, stays)
        deleted = service.http.request(
            "DELETE",
            f"{gateway.url}/auth/v1/admin/users/{gone.id}",
            json={"should_soft_delete": False},
        )

        assert deleted.is_success
        assert objects_of(gateway, gone) == []
        assert sorted(objects_of(gateway, stays)) == sorted(kept)
        assert len(gateway.files() - before) == len(kept)
        assert not gateway.files() & (with_one - before)
        assert status_of(stays.read(f"user_assets/{kept[0]}")) == "200"


async def test_what_a_crash_left_of_a_deleted_user_goes_at_the_next_start(
    gateway: RunningGateway,
) -> None:
    gone, stays = gateway.sign_up(), gateway.sign_up()
    with gone.http, stays.http:
        fill(gateway, gone)
        kept = fill(gateway, stays)
    gateway.run_sql("delete from auth.users where id = %s", gone.id)
    elsewhere, service = f"private/notes/{uuid4()}.txt", gateway.service
    with service.http:
        service.put_object(f"user_assets/{elsewhere}")
    database = Database(gateway.cluster.url(gateway.database), max_size=2)
    await database.open()

    store = StoredObjects(database, ObjectFolder(gateway.objects), max_bytes=0)
    first, second = await remove_objects_of_nobody(store), await remove_objects_of_nobody(store)

    await database.close()
    assert first >= 3
    assert second == 0
    assert objects_of(gateway, gone) == []
    assert sorted(objects_of(gateway, stays)) == sorted(kept)
    assert gateway.run_sql("select true from storage.objects where name = %s", elsewhere)
