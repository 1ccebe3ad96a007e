"""Find a pattern in a text of megabytes, in parts: each search holds the interpreter's lock."""

import re
from collections.abc import Iterator

PART = 4000  # characters: about a millisecond
LONGEST = 2000  # characters of a match; a longer one is cut


def matches_in(
    pattern: re.Pattern[str], text: str, hint: re.Pattern[str] | None = None
) -> Iterator[re.Match[str]]:
    """The matches of `finditer`; one that is longer than LONGEST may be cut.

    `hint` is found in each match, and more quickly than the pattern in what has none.
    """
    at, whole = 0, len(text)
    while at < whole:
        end = at + PART
        following = end
        last = min(end + LONGEST, whole)
        if hint is not None and hint.search(text, at, last) is None:
            at = end
            continue
        for match in pattern.finditer(text, at, last):
            if match.start() >= end:
                break
            yield match
            following = max(end, match.end())
        at = following
