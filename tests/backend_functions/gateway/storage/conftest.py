"""People who use Storage; each test has places of its own in it."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.support.gateway import Person, RunningGateway


@pytest.fixture(scope="session")
def alice(gateway: RunningGateway) -> Iterator[Person]:
    yield from _closed(gateway.sign_up())


@pytest.fixture(scope="session")
def bob(gateway: RunningGateway) -> Iterator[Person]:
    yield from _closed(gateway.sign_up())


@pytest.fixture(scope="session")
def service(gateway: RunningGateway) -> Iterator[Person]:
    yield from _closed(gateway.service)


@pytest.fixture(scope="session")
def anonymous(gateway: RunningGateway) -> Iterator[Person]:
    yield from _closed(gateway.anonymous)


@pytest.fixture(scope="session")
def nobody(gateway: RunningGateway) -> Iterator[Person]:
    """Somebody without any credential."""
    yield from _closed(gateway.person(key=""))


def _closed(person: Person) -> Iterator[Person]:
    with person.http:
        yield person


@pytest.fixture
def mine(alice: Person) -> str:
    """A folder of Alice's that no other test knows, with its bucket."""
    return f"user_assets/private/user_files/{alice.id}/{uuid4()}"


@pytest.fixture
def bucket(service: Person) -> str:
    """A bucket of this test's own, of which only the service may do anything."""
    name = f"b-{uuid4().hex}"
    assert service.send("POST", "bucket", json={"name": name}).is_success
    return name


def status_of(response: object) -> str:
    """Return the status that Storage means: its body's, where it refuses."""
    from httpx import Response

    assert isinstance(response, Response)
    return "200" if response.is_success else str(response.json()["statusCode"])
