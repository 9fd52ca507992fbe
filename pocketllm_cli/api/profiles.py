"""The profile of the person who is signed in: one row, made with the account."""

from collections.abc import Mapping

from pocketllm_cli.api.tables import Table
from pocketllm_cli.api.wire import Wire
from pocketllm_cli.errors import Conflict, InvalidRequest, NotFound
from pocketllm_cli.models import Profile


class Profiles:
    """Reads and changes one's own profile; the backend shows nobody another's."""

    def __init__(self, wire: Wire) -> None:
        self._rows = Table(wire, "profiles", ",".join(Profile.__slots__))
        self._ids = Table(wire, "profiles", "id")

    async def own(self) -> Profile:
        """Return the profile.

        Raises:
            NotFound: The account has none.
        """
        rows = await self._rows.select(limit=1)
        if not rows:
            raise NotFound("This account has no profile.")
        return Profile.from_row(rows[0])

    async def edit(self, changes: Mapping[str, str | None]) -> Profile:
        """Change what is given and return the whole.

        Raises:
            NotFound: The account has no profile.
            InvalidRequest: A value cannot be; so is said of a user name that somebody else has.
        """
        own = await self._ids.select(limit=1)
        try:
            rows = await self._rows.update([("id", f"eq.{own[0]['id']}")], changes) if own else []
        except Conflict as error:
            raise InvalidRequest("This username cannot be used.") from error
        if not rows:
            raise NotFound("This account has no profile.")
        return Profile.from_row(rows[0])
