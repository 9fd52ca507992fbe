from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_functions.errors import NotConfigured, ServiceError, Unavailable
from backend_functions.sealing import KeyBinding, KeySealer
from backend_functions.settings import InvalidSettings, MasterKey, parse_master_keys

M1, M2 = MasterKey("m1", bytes(range(32))), MasterKey("m2", bytes(range(32, 64)))
BINDING = KeyBinding(uuid4(), uuid4(), "https://api.example.com:443")


def test_a_sealed_key_opens_for_what_it_was_sealed_for() -> None:
    sealer = KeySealer((M1,))

    envelope = sealer.seal("sk-canary", BINDING)

    assert sealer.open(envelope, BINDING) == "sk-canary"
    assert envelope.startswith("v1:m1:")
    assert "canary" not in envelope
    assert sealer.seal("sk-canary", BINDING) != envelope


@pytest.mark.parametrize(
    "other",
    [
        replace(BINDING, user_id=uuid4()),
        replace(BINDING, config_id=uuid4()),
        replace(BINDING, origin="https://evil.example.com:443"),
    ],
    ids=["another user", "another config", "another address"],
)
def test_it_opens_for_nothing_else(other: KeyBinding) -> None:
    sealer = KeySealer((M1,))

    with pytest.raises(NotConfigured):
        sealer.open(sealer.seal("sk-canary", BINDING), other)


def test_older_master_keys_still_open_what_they_sealed() -> None:
    envelope = KeySealer((M1,)).seal("sk-canary", BINDING)

    assert KeySealer((M2, M1)).open(envelope, BINDING) == "sk-canary"
    assert KeySealer((M2, M1)).seal("x", BINDING).startswith("v1:m2:")


def test_a_missing_master_key_is_the_operators_problem_and_no_other_is_tried() -> None:
    envelope = KeySealer((M1,)).seal("sk-canary", BINDING)

    with pytest.raises(Unavailable):
        KeySealer((M2,)).open(envelope, BINDING)
    with pytest.raises(NotConfigured):
        KeySealer((replace(M2, id="m1"),)).open(envelope, BINDING)


@given(position=st.integers(min_value=0, max_value=80), bit=st.integers(0, 7), cut=st.booleans())
def test_a_damaged_envelope_never_opens(position: int, bit: int, cut: bool) -> None:
    sealer = KeySealer((M1,))
    envelope = bytearray(sealer.seal("sk-canary", BINDING).encode())
    position %= len(envelope)
    if cut:
        del envelope[position:]
    else:
        envelope[position] ^= 1 << bit

    text = envelope.decode("latin-1")

    try:
        assert sealer.open(text, BINDING) == "sk-canary"
        assert text.rstrip("=") != ""  # base64 has spellings that mean the same bytes
    except ServiceError:
        pass


@pytest.mark.parametrize("text", ["", "v1", "v9:m1:AAAA:AAAA", "v1:m1:!:!", "v1:m1:::", "sk-plain"])
def test_what_is_no_envelope_is_a_clear_error(text: str) -> None:
    with pytest.raises(ServiceError):
        KeySealer((M1,)).open(text, BINDING)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "m1:",
        "m1:c2hvcnQ=",
        "m1:" + "A" * 43 + "=",
        "m 1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "plain",
    ],
    ids=["none", "no key", "short", "all zero", "bad id", "no id"],
)
def test_a_weak_master_key_stops_the_server_and_is_not_quoted(text: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        parse_master_keys(text)

    assert "c2hvcnQ" not in str(caught.value)
