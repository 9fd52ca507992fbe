"""The mails that the auth service writes. Pure: another part keeps or sends them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

MailKind = Literal[
    "confirmation", "invite", "magic_link", "recovery", "email_change", "reauthentication"
]

_SUBJECTS: dict[MailKind, str] = {
    "confirmation": "Confirm your account",
    "invite": "You have been invited",
    "magic_link": "Sign in",
    "recovery": "Set a new password",
    "email_change": "Confirm your new address",
    "reauthentication": "Confirm that it is you",
}
_OPENINGS: dict[MailKind, str] = {
    "confirmation": "Somebody, most likely you, made an account with this address.",
    "invite": "You have been invited to make an account.",
    "magic_link": "Somebody, most likely you, wants to sign in with this address.",
    "recovery": "Somebody, most likely you, wants to set a new password for this account.",
    "email_change": "The address of an account is to change from {old} to {new}.",
    "reauthentication": "Something that needs to know it is you was asked for.",
}


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail. Whoever reads its code or link can act as the account's owner."""

    kind: MailKind
    to: str
    subject: str
    text: str = field(repr=False)
    code: str = field(repr=False)
    link: str | None = field(repr=False)


SendMail = Callable[[Mail], Awaitable[None]]
"""Takes a mail; raises OSError when it could not be kept or sent."""


def compose_mail(
    kind: MailKind, to: str, *, code: str, link: str | None, old: str = "", new: str = ""
) -> Mail:
    """Return the mail of a kind.

    Args:
        link: Where one click does the same as typing the code; None where there is no such place.
        old: The present address, in a mail about its change.
        new: The coming one.
    """
    lines = [_OPENINGS[kind].format(old=old, new=new), "", f"The code is {code}"]
    if link is not None:
        lines += ["", "Or open:", link]
    lines += ["", "It is good for one hour, once. If it was not you, do nothing."]
    return Mail(kind, to, _SUBJECTS[kind], "\n".join(lines), code, link)
