import pytest

from backend_functions.gateway.rest.errors import RestError
from backend_functions.gateway.rest.media import Media, choose_media
from backend_functions.gateway.rest.preferences import Preferences, parse_preferences


def test_preferences_are_read_from_several_headers_and_the_first_word_counts() -> None:
    preferences = parse_preferences(["return=minimal, count=exact", "return=representation"])

    assert preferences == Preferences(returning="minimal", count="exact")
    assert preferences.applied(("return", "count")) == {
        "Preference-Applied": "return=minimal, count=exact"
    }


def test_an_unknown_preference_is_passed_over_unless_the_caller_is_strict() -> None:
    assert parse_preferences(["tx=rollback, return=all"]) == Preferences()

    with pytest.raises(RestError) as caught:
        parse_preferences(["handling=strict, tx=rollback"])
    assert caught.value.code == "PGRST122"
    assert caught.value.details == "Invalid preferences: tx=rollback"


def test_a_limit_on_what_may_change_holds_for_strict_callers_only() -> None:
    assert parse_preferences(["handling=strict", "max-affected=2"]).most_rows == 2
    assert parse_preferences(["max-affected=2"]).most_rows is None


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("", Media()),
        ("*/*", Media()),
        ("text/html, application/json;q=0.9, */*;q=0.1", Media()),
        ("application/vnd.pgrst.object+json", Media("object")),
        ("application/vnd.pgrst.object+json;nulls=stripped", Media("object", True)),
        ("application/vnd.pgrst.array+json;nulls=stripped", Media("array", True)),
        ("text/csv", Media("csv")),
        ("text/csv;q=0.5, application/json", Media()),
    ],
)
def test_the_form_of_the_answer_is_the_one_liked_best(accept: str, media: Media) -> None:
    assert choose_media(accept) == media


@pytest.mark.parametrize(
    "accept", ["application/vnd.pgrst.plan+json", "text/html", "application/json;q=0", "x;q=nan"]
)
def test_a_form_there_is_not_is_refused(accept: str) -> None:
    with pytest.raises(RestError) as caught:
        choose_media(accept)

    assert (caught.value.code, caught.value.status) == ("PGRST107", 406)
