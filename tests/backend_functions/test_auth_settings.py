import pytest

from backend_functions.settings import AuthSettings, InvalidSettings, read_auth_settings

HERE = "http://127.0.0.1:1234"


def test_without_settings_a_new_account_is_in_at_once_and_links_lead_back_here() -> None:
    assert read_auth_settings(HERE, {}) == AuthSettings(site_url=HERE)
    assert AuthSettings(site_url=HERE).confirms_at_once


def test_every_setting_of_accounts_is_read() -> None:
    read = read_auth_settings(
        HERE,
        {
            "POCKETLLM_AUTH_SITE_URL": "https://app.example",
            "POCKETLLM_AUTH_REDIRECT_URLS": "https://a.example/*, app://in ,",
            "POCKETLLM_AUTH_AUTOCONFIRM": "off",
            "POCKETLLM_AUTH_SIGNUPS": "off",
            "POCKETLLM_AUTH_MIN_PASSWORD": "12",
            "POCKETLLM_AUTH_REAUTHENTICATE": "on",
        },
    )

    assert read == AuthSettings(
        site_url="https://app.example",
        redirect_urls=("https://a.example/*", "app://in"),
        confirms_at_once=False,
        takes_sign_ups=False,
        min_password_characters=12,
        needs_fresh_sign_in=True,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POCKETLLM_AUTH_AUTOCONFIRM", "yes"),
        ("POCKETLLM_AUTH_SIGNUPS", "0"),
        ("POCKETLLM_AUTH_MIN_PASSWORD", "none"),
        ("POCKETLLM_AUTH_MIN_PASSWORD", "0"),
    ],
)
def test_a_setting_of_accounts_that_cannot_be_is_named(name: str, value: str) -> None:
    with pytest.raises(InvalidSettings, match=name):
        read_auth_settings(HERE, {name: value})
