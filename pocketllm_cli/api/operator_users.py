"""Users, through the admin part of the auth service."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pocketllm_cli.api.wire import Call, Wire
from pocketllm_cli.errors import NotFound, UserNotFound
from pocketllm_cli.models import User

_PAGE: Final = 200
_FOREVER: Final = "876000h"
"""A hundred years; the auth service knows no ban without an end."""


@dataclass(frozen=True, slots=True)
class Users:
    """The users of a backend."""

    wire: Wire

    async def all(self, wanted: str = "", *, most: int | None = None) -> list[User]:
        """Return users, the newest first.

        Args:
            wanted: Only those whose address holds this.
        """
        found: list[User] = []
        page = 1
        while most is None or len(found) < most:
            params = (("page", str(page)), ("per_page", str(_PAGE)), ("filter", wanted))
            answer = await self._ask("GET", "", params=params)
            found += [User.from_row(row) for row in answer["users"]]
            if len(answer["users"]) < _PAGE:
                break
            page += 1
        return found[:most]

    async def find(self, text: str) -> User:
        """Return the user with this id or this address.

        Raises:
            UserNotFound: There is none.
        """
        if (user_id := _as_id(text)) is not None:
            return await self.get(user_id)
        wanted = text.strip().lower()
        for user in await self.all(wanted) if wanted else ():
            if (user.email or "").lower() == wanted:
                return user
        raise UserNotFound(f"There is no user {text}.")

    async def get(self, user_id: str) -> User:
        """Return the user with this id.

        Raises:
            UserNotFound: There is none.
        """
        return User.from_row(await self._ask("GET", f"/{user_id}"))

    async def create(self, email: str, password: str) -> User:
        """Make a user who can sign in at once.

        Raises:
            Conflict: There is one with this address.
        """
        body = {"email": email, "password": password, "email_confirm": True}
        return User.from_row(await self._ask("POST", "", body))

    async def invite(self, email: str) -> User:
        """Make a user who chooses a password by the link that is mailed to them."""
        call = Call("auth", "POST", "invite", body={"email": email})
        return User.from_row(await self.wire.ask(call))

    async def set_password(self, user_id: str, password: str) -> User:
        """Give another password; the user is signed out everywhere."""
        return await self._update(user_id, {"password": password})

    async def mail_recovery(self, email: str) -> None:
        """Have a link mailed by which the user chooses another password."""
        await self.wire.ask(Call("auth", "POST", "recover", body={"email": email}))

    async def disable(self, user_id: str) -> User:
        """Shut somebody out; what is theirs stays."""
        return await self._update(user_id, {"ban_duration": _FOREVER})

    async def enable(self, user_id: str) -> User:
        """Let somebody in again."""
        return await self._update(user_id, {"ban_duration": "none"})

    async def delete(self, user_id: str) -> None:
        """Delete the user, and by the database's keys every row that is theirs.

        Raises:
            UserNotFound: There is none.
        """
        await self._ask("DELETE", f"/{user_id}", {"should_soft_delete": False})

    async def _update(self, user_id: str, changes: Mapping[str, Any]) -> User:
        return User.from_row(await self._ask("PUT", f"/{user_id}", changes))

    async def _ask(
        self, method: str, path: str, body: Any = None, params: tuple[tuple[str, str], ...] = ()
    ) -> Any:
        try:
            return await self.wire.ask(Call("auth", method, f"admin/users{path}", params, body))
        except NotFound as error:
            raise UserNotFound from error


def _as_id(text: str) -> str | None:
    try:
        return str(UUID(text.strip()))
    except ValueError:
        return None
