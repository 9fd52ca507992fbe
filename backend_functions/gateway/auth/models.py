"""The bodies that the auth service reads. What else a client sends in them is not looked at."""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """A JSON object whose fields have exactly these types."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


AnyBody = TypeVar("AnyBody", bound=Body)


class WithChallenge(Body):
    """A request that may begin a sign-in which a code finishes."""

    code_challenge: str | None = None
    code_challenge_method: str | None = None


class Credentials(WithChallenge):
    """Sign-up and sign-in."""

    email: str | None = None
    phone: str | None = None
    password: str | None = None
    data: dict[str, Any] | None = None


class RefreshRequest(Body):
    """A refresh."""

    refresh_token: str | None = None


class CodeExchange(Body):
    """The end of a sign-in that began with a challenge."""

    auth_code: str | None = None
    code_verifier: str | None = None


class UserChanges(WithChallenge):
    """What a user may ask to have changed about themselves."""

    email: str | None = None
    phone: str | None = None
    password: str | None = None
    current_password: str | None = None
    nonce: str | None = None
    data: dict[str, Any] | None = None
    app_metadata: dict[str, Any] | None = None


class MailRequest(WithChallenge):
    """Asks for a mail: a code to sign in, to recover a password, or the last one again."""

    email: str | None = None
    phone: str | None = None
    type: str | None = None
    create_user: bool | None = True
    data: dict[str, Any] | None = None


class Verification(Body):
    """A code with the address it went to, or what stood in a link."""

    type: str | None = None
    email: str | None = None
    phone: str | None = None
    token: str | None = None
    token_hash: str | None = None


class AdminUser(Body):
    """A user as the service makes or changes one."""

    id: str | None = None
    email: str | None = None
    phone: str | None = None
    password: str | None = None
    password_hash: str | None = None
    email_confirm: bool | None = None
    role: str | None = None
    ban_duration: str | None = None
    user_metadata: dict[str, Any] | None = None
    app_metadata: dict[str, Any] | None = None


class Deletion(Body):
    """Whether a row shall stay of a user who goes."""

    should_soft_delete: bool | None = None


class LinkRequest(Body):
    """A link, or an invitation, that the service asks for in somebody's name."""

    type: str | None = None
    email: str | None = None
    new_email: str | None = None
    password: str | None = None
    data: dict[str, Any] | None = None
    redirect_to: str | None = None
