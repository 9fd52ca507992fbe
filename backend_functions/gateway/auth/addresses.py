"""E-mail addresses and phone numbers as people type them. Pure."""

import re

from backend_functions.gateway.auth.failures import AuthRefused, invalid

_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f<>()\[\],;:\\\"]+@[^\s@\x00-\x1f\x7f<>()\[\],;:\\\"]+")
_MAX_EMAIL_CHARACTERS = 255
_PHONE = re.compile(r"\+?[1-9][0-9]{1,14}")


def read_email(text: str | None) -> str:
    """Return an address as it is stored: in small letters.

    Raises:
        AuthRefused: It is none.
    """
    # Once, for counters and the database alike: they would fold some letters differently.
    email = (text or "").lower()
    if len(email) > _MAX_EMAIL_CHARACTERS or not _EMAIL.fullmatch(email):
        raise invalid("Unable to validate email address: invalid format")
    return email


def refuse_phone(text: str, *, what: str) -> AuthRefused:
    """Make the refusal of whatever is asked for by phone.

    Args:
        what: As in "Phone logins are disabled".
    """
    if not _PHONE.fullmatch(text.replace(" ", "")):
        return invalid("Invalid phone number format (E.164 required)")
    return AuthRefused(400, "phone_provider_disabled", f"Phone {what} are disabled")
