"""What the search looks through, and how it is folded: the same for what is stored and asked for.

Letters are compared without case (Unicode, 3.13, canonical caseless matching) and without the
difference between composed and decomposed ones; dotted and dotless i are one letter; white space,
line breaks included, is one space.
"""

import re
import unicodedata
from itertools import chain
from typing import Any

from srhooks.domain.clean_text import without_surrogates
from srhooks.domain.json_values import parse_body, text_of
from srhooks.domain.json_writing import dumps, joined
from srhooks.domain.models import Notification
from srhooks.server.freed_in_parts import freed_in_parts, freeing

ASCII_SPACES = "\t\n\r\f\v"
OTHER_SPACES = (
    "\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
ESCAPED = re.compile('["\\\\\x00-\x1f]')  # what JSON writes in another way (RFC 8259, 7)
# Sorting marks above a letter takes the square of their number (100,000 of them: minutes), so it is
# done in pieces. No ASCII character is composed with what stands before it: there it is cut,
# or after 2,000 characters at the latest.
PIECES = re.compile("(?s).{1,1000}[^\x00-\x7f]{0,1000}")
# Larger parts, cut in the same way: whatever is done with one keeps the interpreter's lock.
PARTS = re.compile("(?s).{1,100000}[^\x00-\x7f]{0,1000}")
BETWEEN = "\x1f"  # two parts, so that no text is found across them


def fold(text: str) -> str:
    parts: list[str] = []
    ended = ""  # with what the part before did
    for part in PARTS.finditer(text):
        folded = _folded_part(part[0])
        if folded == ended == " ":
            continue
        parts.append(folded[1:] if ended == " " == folded[0] else folded)
        ended = folded[-1]
    return "".join(parts)


def _folded_part(text: str) -> str:
    spaces = ASCII_SPACES
    if text.isascii():
        text = text.casefold()
    else:
        text = "".join(_folded(piece[0]) for piece in PIECES.finditer(text))
        spaces += OTHER_SPACES
    for space in spaces:  # quicker than a regular expression, and than a table
        text = text.replace(space, " ")
    while "  " in text:
        text = text.replace("  ", " ")
    return text


def _folded(text: str) -> str:
    text = _composed(text).casefold()
    return _composed(text.replace("i\u0307", "i").replace("\u0131", "i")).casefold()


def _composed(text: str) -> str:
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def search_text(n: Notification) -> str:
    """What the search looks through, folded: ids, event, link, body and entity.

    The ids of hook and subscription are left out: whatever is short would be found in them.
    JSON is looked through as received and, where that differs, with its escapes resolved: a
    person looks for "José", not for "Jos\\u00e9".
    """
    fields = (n.event_name, n.event_id, n.link)
    parts = [n.public_id, *(text for text in fields if text), readable(n.body)]
    if n.entity is not None:
        parts.append(readable(n.entity))
    # No database takes NUL in a text: it is found by nothing, not even by itself.
    return fold(BETWEEN.join(parts).replace("\x00", " "))


def readable(raw: bytes) -> str:
    text = text_of(raw)
    if "\\" not in text:
        return text
    with freeing():
        return _with_strings(raw, text)


def _with_strings(raw: bytes, text: str) -> str:
    value = parse_body(raw)
    if value == text:
        return text
    strings: list[str] = freed_in_parts([])
    _collect_strings(value, strings)
    plain = dumps(value, ensure_ascii=False, separators=(",", ":"))
    return without_surrogates(joined(chain((text, plain), strings), BETWEEN))


def _collect_strings(value: Any, found: list[str]) -> None:
    if isinstance(value, str):
        if ESCAPED.search(value):
            found.append(value)
    elif isinstance(value, dict):
        for child in value.values():
            _collect_strings(child, found)
    elif isinstance(value, list):
        for child in value:
            _collect_strings(child, found)
