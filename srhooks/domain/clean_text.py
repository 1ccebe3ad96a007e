"""Texts from outside, as UTF-8, databases and HTML take them."""

from collections.abc import Iterator

PART = 100_000  # characters: to encode more keeps the interpreter's lock for milliseconds


def clean_text(text: str) -> str:
    """Replace unpaired surrogates, which no encoding has, and NUL, which no database takes."""
    text = without_surrogates(text)
    return text.replace("\x00", "\ufffd") if "\x00" in text else text


def without_surrogates(text: str) -> str:
    """With a question mark for each unpaired one."""
    if text.isascii():
        return text
    if len(text) > PART:
        return "".join(map(without_surrogates, _parts(text)))
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def utf8(text: str) -> bytes:
    """With a question mark for each unpaired surrogate."""
    return b"".join(part.encode("utf-8", "replace") for part in _parts(text))


def _parts(text: str) -> Iterator[str]:
    return (text[at : at + PART] for at in range(0, len(text), PART))
