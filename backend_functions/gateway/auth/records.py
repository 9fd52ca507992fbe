"""Rows of `auth.*` as the JSON that clients of the auth service parse. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Row = Mapping[str, Any]


def render_user(user: Row, identities: Sequence[Row]) -> dict[str, Any]:
    """Return a user as the auth service shows one; never anything of the password."""
    shown = {
        "id": str(user["id"]),
        "aud": user["aud"],
        "role": user["role"],
        "email": user["email"] or "",
        "email_confirmed_at": _time(user["email_confirmed_at"]),
        "invited_at": _time(user["invited_at"]),
        "confirmation_sent_at": _time(user["confirmation_sent_at"]),
        "recovery_sent_at": _time(user["recovery_sent_at"]),
        "reauthentication_sent_at": _time(user["reauthentication_sent_at"]),
        "new_email": user["email_change"],
        "email_change_sent_at": _time(user["email_change_sent_at"]),
        "phone": user["phone"] or "",
        "confirmed_at": _time(user["email_confirmed_at"] or user["phone_confirmed_at"]),
        "last_sign_in_at": _time(user["last_sign_in_at"]),
        "app_metadata": user["raw_app_meta_data"],
        "user_metadata": user["raw_user_meta_data"],
        "identities": [_render_identity(identity) for identity in identities],
        "created_at": _time(user["created_at"]),
        "updated_at": _time(user["updated_at"]),
        "banned_until": _time(user["banned_until"]),
        "deleted_at": _time(user["deleted_at"]),
        "is_anonymous": user["is_anonymous"],
    }
    return {name: value for name, value in shown.items() if value is not None}


def _render_identity(identity: Row) -> dict[str, Any]:
    return {
        "identity_id": str(identity["id"]),
        "id": identity["provider_id"],
        "user_id": str(identity["user_id"]),
        "identity_data": identity["identity_data"],
        "provider": identity["provider"],
        "last_sign_in_at": _time(identity["last_sign_in_at"]),
        "created_at": _time(identity["created_at"]),
        "updated_at": _time(identity["updated_at"]),
        "email": identity["identity_data"].get("email"),
    }


def build_claims(
    user: Row, session: Row, *, issuer: str, issued_at: int, lifetime_seconds: int
) -> dict[str, Any]:
    """Return what an access token says.

    Args:
        issued_at: Seconds since 1970.
    """
    return {
        "iss": issuer,
        "sub": str(user["id"]),
        "exp": issued_at + lifetime_seconds,
        "iat": issued_at,
        "email": user["email"] or "",
        "phone": user["phone"] or "",
        "app_metadata": user["raw_app_meta_data"],
        "user_metadata": user["raw_user_meta_data"],
        # Constants: no column and no metadata makes a person anything else.
        "aud": "authenticated",
        "role": "authenticated",
        "aal": session["aal"],
        "amr": session["amr"],
        "session_id": str(session["id"]),
        "is_anonymous": user["is_anonymous"],
    }


def _time(value: datetime | None) -> str | None:
    if value is None:
        return None
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
