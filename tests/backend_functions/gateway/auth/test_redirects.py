import pytest

from backend_functions.gateway.auth.redirects import choose_redirect, with_fragment, with_query
from backend_functions.settings import AuthSettings

SETTINGS = AuthSettings(
    site_url="https://site.example/app",
    redirect_urls=("https://*.apps.example/in", "pocketllm://signed-in", "https://wide.example/**"),
)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:7777/callback",
        "http://127.8.9.10/",
        "http://[::1]:80/x?y=z",
        "http://localhost:3000/welcome",
        "https://site.example/elsewhere?a=b#c",
        "https://site.example:443/",
        "https://one.apps.example/in",
        "https://wide.example/a/b?c",
        "pocketllm://signed-in",
    ],
)
def test_a_link_may_lead_back_to_the_site_to_this_machine_and_where_a_setting_says(
    url: str,
) -> None:
    assert choose_redirect(url, SETTINGS) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "/relative",
        "//evil.example",
        "https://evil.example",
        "http://site.example/app",
        "https://site.example:8443/",
        "https://site.example.evil.example/",
        "https://site.example@evil.example/",
        "http://127.0.0.1@evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://2130706433/",
        "http://127.1/",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
        "http://localhost.evil.example/",
        "http://localhost:99999/",
        "https://site.example\\@evil.example/",
        "https://evil.example\\.site.example/",
        "https://site.example\n.evil.example/",
        "https://a.b.apps.example/in",
        "https://evil.example/.apps.example/in",
        "https://one.apps.example/in/side",
        "javascript:alert(1)",
        "javascript://localhost/%0aalert(1)",
        "data:text/html,x",
        "http://localhost/" + "x" * 3000,
    ],
)
def test_anything_else_leads_to_the_site(url: str | None) -> None:
    assert choose_redirect(url, SETTINGS) == SETTINGS.site_url


def test_what_is_added_to_an_address_replaces_what_could_be_mistaken_for_it() -> None:
    assert with_query("http://localhost/?code=forged&a=", {"code": "x&y"}) == (
        "http://localhost/?a=&code=x%26y"
    )
    assert with_fragment("http://localhost/#access_token=forged", {"sb": ""}) == (
        "http://localhost/#sb="
    )
