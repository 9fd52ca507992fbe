import pytest

from backend_functions.gateway.rest.errors import RestError
from backend_functions.gateway.rest.parse_select import parse_select
from backend_functions.gateway.rest.tree import Embedded, Field, Item, Selected, Star, Step


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("", ()),
        ("*", (Star(),)),
        ("id, title", (Selected(Field("id")), Selected(Field("title")))),
        ("name:title", (Selected(Field("title"), alias="name"),)),
        ("a:title::text", (Selected(Field("title"), "a", "text"),)),
        ("tags::text[]", (Selected(Field("tags"), cast="text[]"),)),
        ('"a,b":"c:d"', (Selected(Field("c:d"), alias="a,b"),)),
        ("with-dash", (Selected(Field("with-dash")),)),
        ("m->a->0->>b", (_path := Selected(
            Field("m", (Step("a", False), Step(0, False), Step("b", True)))),)),
        ("chats(id,messages(*))", (
            Embedded("chats", (Selected(Field("id")), Embedded("messages", (Star(),)))),)),
        ("c:chats!fkey!inner(id)", (
            Embedded("chats", (Selected(Field("id")),), "c", "fkey", inner=True),)),
        ("...chats!left(id)", (Embedded("chats", (Selected(Field("id")),), spread=True),)),
    ],
)  # fmt: skip
def test_a_select_becomes_a_tree(text: str, items: tuple[Item, ...]) -> None:
    assert parse_select(text) == items


@pytest.mark.parametrize(
    "text", ["id,", ",", "id)", "chats(", "a:", "id::", "m->", 'x"y"', "a b:", "(("]
)
def test_what_does_not_parse_is_refused_with_the_place(text: str) -> None:
    with pytest.raises(RestError) as caught:
        parse_select(text)

    assert caught.value.code == "PGRST100"
    assert "column " in caught.value.message


@pytest.mark.parametrize("text", ["count()", "id.sum()", "n:id.max()", "id,title.count()::text"])
def test_aggregates_are_refused(text: str) -> None:
    with pytest.raises(RestError) as caught:
        parse_select(text)

    assert caught.value.code == "PGRST123"


def test_deep_embedding_is_refused_and_not_followed() -> None:
    with pytest.raises(RestError, match="failed to parse"):
        parse_select("a(" * 5000)
