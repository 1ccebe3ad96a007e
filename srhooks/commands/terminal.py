"""Makes text from outside safe to print on a terminal."""

import unicodedata

# Control characters could move the cursor or change the terminal; format characters hide text or
# turn its direction; surrogates cannot be written at all.
UNFIT = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def fit(text: str, limit: int | None = None) -> str:
    """One line without control and format characters, cut at `limit` characters."""
    shown = "".join("\ufffd" if unicodedata.category(one) in UNFIT else one for one in text)
    return shown if limit is None or len(shown) <= limit else shown[: limit - 1] + "…"


def fit_lines(text: str) -> str:
    """Several lines, each made safe."""
    return "\n".join(fit(line.expandtabs()) for line in text.splitlines())
