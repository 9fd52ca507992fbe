"""Changing one's password, with the proof that the backend may want to see."""

from dataclasses import dataclass
from typing import Any, Literal, assert_never

from pocketllm_cli.api.wire import Call, Wire
from pocketllm_cli.errors import CodeNeeded, PasswordNeeded, WrongPassword

Proof = Literal["password", "code"]


@dataclass(frozen=True, slots=True)
class Passwords:
    """The password of the person who is signed in."""

    wire: Wire

    async def change(
        self, password: str, *, by: Proof | None = None, proof: str = ""
    ) -> Proof | None:
        """Change it, which ends all other sessions; return the proof that is wanted first, if any.

        Args:
            by: What `proof` is: the current password, or a code from a mail.

        Raises:
            InvalidRequest: The new one is too weak, or the same.
            WrongPassword: The current one is another.
            WrongCode: The code is another, or too old.
        """
        body: dict[str, Any] = {"password": password}
        match by:
            case "password":
                body["current_password"] = proof
            case "code":
                body["nonce"] = proof
            case None:
                pass
            case _:
                assert_never(by)
        try:
            await self.wire.ask(Call("auth", "PUT", "user", body=body))
        except WrongPassword as error:
            raise WrongPassword(
                "The current password is wrong.", hint="Try `pocketllm password` again."
            ) from error
        except PasswordNeeded:
            return "password"
        except CodeNeeded:
            return "code"
        return None

    async def send_code(self) -> None:
        """Have a code mailed to the account's address."""
        await self.wire.ask(Call("auth", "GET", "reauthenticate"))
