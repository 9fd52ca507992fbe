"""Sign-up, sign-in, refresh and sign-out, through the Auth client that Supabase publishes.

It costs 240 ms to import, so only what needs it does; a valid access token needs nothing here.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pocketllm_cli.api.transport import Transport
from pocketllm_cli.errors import (
    BackendUnreachable,
    Conflict,
    NotAllowed,
    NotSignedIn,
    PocketLLMError,
    QuotaExceeded,
    SessionExpired,
    UsageProblem,
    WrongCode,
    WrongPassword,
)
from pocketllm_cli.models import Endpoint, Session

if TYPE_CHECKING:
    from supabase_auth import AsyncGoTrueClient

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Auth:
    """The auth service of the backend in use.

    Args:
        locate: Returns where it is, starting it first if it is the embedded one.
        mark: What its sessions are marked with, so that they are sent nowhere else.
    """

    transport: Transport
    locate: Callable[[], Awaitable[Endpoint]]
    mark: str

    async def sign_up(self, email: str, password: str) -> Session | None:
        """Make an account; None means that a mail must be confirmed first.

        Raises:
            Conflict: There is such an account.
            UsageProblem: The address or the password is not accepted.
        """
        reply = await self._call(
            lambda client: client.sign_up({"email": email, "password": password})
        )
        return self._session(reply.session) if reply.session else None

    async def sign_in(self, email: str, password: str) -> Session:
        """Sign in with a password.

        Raises:
            WrongPassword: The pair is not known.
        """
        reply = await self._call(
            lambda client: client.sign_in_with_password({"email": email, "password": password})
        )
        return self._session(reply.session)

    async def send_code(self, email: str) -> None:
        """Have a code mailed to an account; an address without one gets none, and we are not told.

        Raises:
            QuotaExceeded: Too many were asked for.
        """
        await self._call(
            lambda client: client.sign_in_with_otp(
                {"email": email, "options": {"should_create_user": False}}
            )
        )

    async def sign_in_with_code(self, email: str, code: str) -> Session:
        """Sign in with a code that was mailed.

        Raises:
            WrongCode: It is another one, or too old.
        """
        reply = await self._call(
            lambda client: client.verify_otp({"email": email, "token": code, "type": "email"})
        )
        if not reply.session:
            raise WrongCode
        return self._session(reply.session)

    async def provider_address(self, provider: str, redirect_to: str, verifier: Any) -> str:
        """Return the page at which somebody signs in with another service's account.

        Args:
            provider: Its name at the auth service, such as `github`.
            redirect_to: Where the browser is led with a code, see `loopback`.
            verifier: From `new_verifier`; is given what `sign_in_with_redirect` needs.
        """
        options = {"redirect_to": redirect_to}
        asked: Any = {"provider": provider, "options": options}
        reply = await self._call(lambda client: client.sign_in_with_oauth(asked), verifier)
        return str(reply.url)

    async def send_link(self, email: str, redirect_to: str, verifier: Any) -> None:
        """Have a link mailed that leads the browser, with a code, where we say.

        Raises:
            QuotaExceeded: Too many were asked for.
        """
        options: Any = {"should_create_user": False, "email_redirect_to": redirect_to}
        await self._call(
            lambda client: client.sign_in_with_otp({"email": email, "options": options}), verifier
        )

    async def sign_in_with_redirect(self, code: str, verifier: Any) -> Session:
        """Sign in with the code that the browser was led away with.

        Raises:
            WrongCode: It is another one, too old, or for somebody else's verifier.
        """
        asked: Any = {"auth_code": code}
        reply = await self._call(lambda client: client.exchange_code_for_session(asked), verifier)
        if not reply.session:
            raise WrongCode
        return self._session(reply.session)

    async def refresh(self, refresh_token: str) -> Session:
        """Exchange the refresh token for new tokens; the old one is spent.

        Raises:
            SessionExpired: The server refuses it for good.
            BackendUnreachable: It could not be asked; the token is as good as before.
        """
        try:
            reply = await self._call(lambda client: client.refresh_session(refresh_token))
        except (BackendUnreachable, QuotaExceeded, SessionExpired):
            raise
        except PocketLLMError as error:
            raise SessionExpired from error
        return self._session(reply.session)

    async def sign_out(self, access_token: str) -> None:
        """End this session at the server; one that is over already is fine."""
        try:
            await self._call(lambda client: client.admin.sign_out(access_token, "local"))
        except (NotSignedIn, NotAllowed):
            return

    async def user(self, access_token: str) -> tuple[str, str | None]:
        """Return the id and the email of the token's owner."""
        reply = await self._call(lambda client: client.get_user(access_token))
        return str(reply.user.id), reply.user.email

    def _session(self, session: Any) -> Session:
        received_at = time.time()  # by our clock, so that a wrong one does no harm
        return Session(
            url=self.mark,
            email=session.user.email if session.user else None,
            access_token=session.access_token,
            expires_at=received_at + session.expires_in,
            refresh_token=session.refresh_token,
        )

    async def _call(
        self, work: Callable[["AsyncGoTrueClient"], Awaitable[Any]], verifier: Any = None
    ) -> Any:
        from supabase_auth import AsyncGoTrueClient
        from supabase_auth.errors import AuthError

        endpoint = await self.locate()
        client = AsyncGoTrueClient(
            url=f"{endpoint.url}/auth/v1",
            headers={"apikey": endpoint.publishable_key},
            http_client=self.transport.client,
            auto_refresh_token=False,
            persist_session=False,
            storage=verifier,
            flow_type="implicit" if verifier is None else "pkce",
        )
        try:
            reply = await work(client)
        except AuthError as error:
            self.transport.log.exception(error)
            raise _translate(error) from error
        except ValueError as error:  # not JSON, or not of the shape of an answer
            self.transport.log.exception(error)
            raise BackendUnreachable("Something other than our auth service answered.") from error
        self.transport.log.line(f"auth: {type(reply).__name__}")
        return reply


def new_verifier() -> Any:
    """Return where the secret of one sign-in by redirect is kept: in memory, for this run alone."""
    from supabase_auth import AsyncMemoryStorage

    return AsyncMemoryStorage()


def _translate(error: Any) -> PocketLLMError:
    """Name the failure. One without a code was not said by the auth service on purpose."""
    status, code = getattr(error, "status", 0), getattr(error, "code", None)
    if status == 429 or str(code).startswith("over_"):
        return QuotaExceeded()
    if code is None or status >= 500:
        return BackendUnreachable()
    return _BY_CODE.get(code, _other)(error)


def _other(error: Any) -> PocketLLMError:
    if getattr(error, "status", 0) in {401, 403}:
        return SessionExpired()
    return UsageProblem(str(error.message)[:300])


def _not_confirmed(error: Any) -> PocketLLMError:
    return NotSignedIn(
        "This account is not confirmed yet.",
        hint="Open the link in the mail that was sent, then `pocketllm login`.",
    )


def _exists_already(error: Any) -> PocketLLMError:
    return Conflict("There is an account with this email already.", hint="Try `pocketllm login`.")


_BY_CODE: dict[str, Callable[[Any], PocketLLMError]] = {
    "invalid_credentials": lambda error: WrongPassword(),
    "email_not_confirmed": _not_confirmed,
    "user_already_exists": _exists_already,
    "email_exists": _exists_already,
    "refresh_token_not_found": lambda error: SessionExpired(),
    "refresh_token_already_used": lambda error: SessionExpired(
        "Your session has ended: its refresh token was used a second time, maybe by somebody else."
    ),
    "session_not_found": lambda error: SessionExpired(),
    "session_expired": lambda error: SessionExpired(),
    "otp_expired": lambda error: WrongCode(),
    "flow_state_not_found": lambda error: WrongCode(),
    "flow_state_expired": lambda error: WrongCode(),
    "bad_code_verifier": lambda error: WrongCode(),
    "otp_disabled": lambda error: NotAllowed(
        "This backend mails no codes to this address.",
        hint="Is it spelled right? `pocketllm signup` makes an account.",
    ),
    "user_banned": lambda error: NotAllowed("This account is locked."),
    "signup_disabled": lambda error: NotAllowed("This backend takes no new accounts."),
}
