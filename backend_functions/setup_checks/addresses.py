"""Whether the project is called over a line that nobody listens in on. Pure."""

from urllib.parse import urlsplit

from backend_functions.settings import Settings
from backend_functions.setup_checks.finding import Finding


def check_address(settings: Settings) -> Finding:
    """Return whether SUPABASE_URL is one that tokens and files may go to."""
    name = "project address"
    try:
        parts = urlsplit(settings.supabase_url)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not host or parts.path not in ("", "/"):
        return Finding(
            name, "SUPABASE_URL is no address.", "Set it to the like of https://abc.supabase.co."
        )
    if parts.scheme == "https":
        return Finding(name, "It is called over https.")
    if settings.is_private_project:
        return Finding(name, "It is called over http, on a network that is said to be private.")
    return Finding(
        name,
        "SUPABASE_URL is http: tokens and files would go over the network in the clear.",
        "Set an https address, or POCKETLLM_PRIVATE_PROJECT=on where its network is private.",
    )
