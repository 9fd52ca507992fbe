import httpx
import pytest

from backend_functions import errors
from backend_functions.providers.base import CatalogEntry
from backend_functions.providers.catalog import parse_catalog
from tests.backend_functions.providers.conftest import KEY, Pair
from tests.support.faults import DialectUpstream
from tests.support.http_upstream import END, Writer, chunk, stream_head, whole


@pytest.mark.parametrize(
    ("item", "entry"),
    [
        ({"id": "x", "context_length": 8192, "name": "X"}, CatalogEntry("x", "X", 8192)),
        ({"id": "x", "max_context_length": 8192}, CatalogEntry("x", None, 8192)),
        ({"id": "x", "max_model_len": 8192}, CatalogEntry("x", None, 8192)),
        ({"id": "x", "meta": {"n_ctx_train": 8192}}, CatalogEntry("x", None, 8192)),
        ({"id": "x", "context_length": "8192"}, CatalogEntry("x")),
        ({"id": "x", "context_length": -1}, CatalogEntry("x")),
        ({"id": "x", "name": "X\x1b[2J"}, CatalogEntry("x")),
    ],
)
def test_each_provider_s_words_for_a_model_are_known(
    item: dict[str, object], entry: CatalogEntry
) -> None:
    assert parse_catalog({"data": [item]}) == (entry,)


def test_a_bare_list_is_a_list_and_what_is_no_model_is_left_out() -> None:
    items = [{"id": "b"}, {"id": "a"}, {"id": "a"}, {"id": ""}, {"id": 5}, {}, "x", None]
    items += [{"id": "x" * 201}, {"id": "x\n"}]

    assert parse_catalog(items) == (CatalogEntry("a"), CatalogEntry("b"))


@pytest.mark.parametrize("document", [None, {}, {"data": {}}, "x", {"error": "x"}])
def test_what_is_no_list_of_models_is_an_error(document: object) -> None:
    with pytest.raises(errors.ProviderError):
        parse_catalog(document)


async def _endless(self: DialectUpstream, writer: Writer) -> None:
    writer.write(stream_head("application/json") + chunk(b'{"data":['))
    while True:
        writer.write(chunk(b'{"id":"x"},' * 10_000))
        await writer.drain()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (whole(401, "application/json", b'{"error":"sk-canary"}'), errors.ProviderRejectedKey),
        (whole(404, "text/plain", b""), errors.ProviderRefused),
        (whole(200, "text/html", b"<html>sk-canary"), errors.ProviderError),
        (whole(200, "application/json", b"{}", content_encoding="gzip"), errors.ProviderError),
        (stream_head("application/json") + chunk(b'{"da'), errors.ProviderUnreachable),
        (whole(302, "text/plain", b"", location="http://127.0.0.1:9/"), errors.ProviderError),
        (stream_head("application/json") + chunk(b'{"data":"\xff"}') + END, errors.ProviderError),
    ],
    ids=["401", "404", "html", "compressed", "stalls", "redirect", "not-unicode"],
)
async def test_a_list_that_cannot_be_had_is_an_error_that_quotes_nobody(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, answer: bytes, kind: type[errors.ProviderError]
) -> None:
    async def answer_so(self: DialectUpstream, request: object, writer: Writer) -> None:
        writer.write(answer)

    monkeypatch.setattr(DialectUpstream, "answer", answer_so)

    with pytest.raises(errors.ProviderError) as caught:
        await pair.provider.list_models()

    assert type(caught.value) is kind
    assert KEY not in repr(caught.value)
    assert len(pair.upstream.requests) == 1


async def test_a_list_without_end_is_refused_before_it_fills_the_memory(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer_so(self: DialectUpstream, request: object, writer: Writer) -> None:
        await _endless(self, writer)

    monkeypatch.setattr(DialectUpstream, "answer", answer_so)

    with pytest.raises(errors.ProviderError) as caught:
        await pair.provider.list_models()

    assert type(caught.value) is errors.ProviderError


async def test_nobody_listening_is_told(pair: Pair, http: httpx.AsyncClient) -> None:
    provider = pair.wire.open(http, httpx.URL("http://127.0.0.1:9"), None)

    with pytest.raises(errors.ProviderUnreachable):
        await provider.list_models()
