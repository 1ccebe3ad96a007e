"""Our own quick ways of writing something, held to the plain ones."""

import json

from hypothesis import example, given
from hypothesis import strategies as st
from srhooks.domain.ids import ALPHABET, LENGTH, decode_id, encode_id
from srhooks.intake.receiver import json_of


@given(st.integers(0, (1 << 63) - 1))
def test_an_id_is_base32_and_comes_back(number: int) -> None:
    text = encode_id(number)
    assert text == "".join(ALPHABET[number >> shift & 31] for shift in range(60, -1, -5))
    assert len(text) == LENGTH
    assert decode_id(text) == number


@example({'a"b': 'c", "d'})
@example({"a": "b\\"})
@example({"a": "\x7f", "b": "\t"})
@example({"a": "\u00e9"})
@given(st.dictionaries(st.text(), st.text(st.characters())))
def test_headers_are_written_as_json_writes_them(headers: dict[str, str]) -> None:
    assert json_of(headers) == json.dumps(headers)
    broken = {name: value + "\udc80" for name, value in headers.items()}
    assert json_of(broken) == json.dumps(broken)
