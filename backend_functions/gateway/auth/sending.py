"""Sends codes and links: makes them, remembers when, and hands the mail over."""

from urllib.parse import urlencode
from uuid import UUID

from backend_functions.db.pool import Connection
from backend_functions.db.queries import queries
from backend_functions.gateway.auth.mails import MailKind, compose_mail
from backend_functions.gateway.auth.one_time import OneTime, TokenType, issue
from backend_functions.gateway.auth.parts import Parts
from backend_functions.gateway.auth.records import Row
from backend_functions.gateway.auth.sessions import fetch_row

_SQL = queries("auth")

TOKEN_TYPES: dict[MailKind, TokenType] = {
    "confirmation": "confirmation_token",
    "invite": "confirmation_token",
    "magic_link": "recovery_token",
    "recovery": "recovery_token",
    "reauthentication": "reauthentication_token",
}
"""What a code of each kind is stored as; those that change an address are of either of two."""
_IN_LINKS: dict[MailKind, str] = {
    "confirmation": "signup",
    "invite": "invite",
    "magic_link": "magiclink",
    "recovery": "recovery",
    "email_change": "email_change",
}


async def send(
    parts: Parts,
    connection: Connection,
    user: Row,
    kind: MailKind,
    *,
    redirect_to: str,
    flow_id: UUID | None = None,
) -> Row:
    """Send a user one mail, and return the user as they are then.

    Args:
        redirect_to: Where the link leads in the end; allowed already.
        flow_id: The sign-in that the link continues.

    Raises:
        OSError: The mail could not be kept; the transaction is to be given up.
    """
    made = await issue(connection, user["id"], TOKEN_TYPES[kind], user["email"], flow_id=flow_id)
    link = None if kind == "reauthentication" else link_to(parts, kind, made, redirect_to)
    marked = await fetch_row(connection, _SQL.mark_sent, user_id=user["id"], kind=kind)
    assert marked is not None
    await parts.send_mail(compose_mail(kind, user["email"], code=made.code, link=link))
    return marked


async def send_email_change(
    parts: Parts,
    connection: Connection,
    user: Row,
    *,
    redirect_to: str,
    flow_id: UUID | None = None,
) -> Row:
    """Ask the new address, and the present one unless addresses are taken as they come.

    Args and Raises as `send`.
    """
    asked: list[tuple[TokenType, str]] = [("email_change_token_new", user["email_change"])]
    if not parts.settings.confirms_at_once and user["email"]:
        asked.append(("email_change_token_current", user["email"]))
    marked = await fetch_row(connection, _SQL.mark_sent, user_id=user["id"], kind="email_change")
    assert marked is not None
    for token_type, address in asked:
        made = await issue(connection, user["id"], token_type, address, flow_id=flow_id)
        link = link_to(parts, "email_change", made, redirect_to)
        mail = compose_mail(
            "email_change",
            address,
            code=made.code,
            link=link,
            old=user["email"] or "",
            new=user["email_change"],
        )
        await parts.send_mail(mail)
    return marked


def link_to(parts: Parts, kind: MailKind, made: OneTime, redirect_to: str) -> str:
    """Return the address that does the same as typing the code."""
    query = {"token": made.token, "type": _IN_LINKS[kind], "redirect_to": redirect_to}
    return f"{parts.signer.issuer}/verify?{urlencode(query)}"
