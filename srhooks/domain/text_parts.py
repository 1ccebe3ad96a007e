"""Find a pattern in a text of megabytes, in parts: each search holds the interpreter's lock."""

import re
from collections.abc import Iterator

PART = 10_000  # characters, a millisecond or a few
LONGEST = 2000  # characters of a match; a longer one is cut


def matches_in(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """The matches of `finditer`; one that is longer than LONGEST may be cut."""
    at, whole = 0, len(text)
    while at < whole:
        end = at + PART
        following = end
        for match in pattern.finditer(text, at, min(end + LONGEST, whole)):
            if match.start() >= end:
                break
            yield match
            following = max(end, match.end())
        at = following
