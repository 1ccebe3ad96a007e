"""Texts from outside, as UTF-8, databases and HTML take them."""


def clean_text(text: str) -> str:
    """Replace unpaired surrogates, which no encoding has, and NUL, which no database takes."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-8", "replace").decode()
    return text.replace("\x00", "\ufffd") if "\x00" in text else text
