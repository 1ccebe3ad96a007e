"""Read the `Link` header of a notification and decide whether its target may be followed.

RFC 8288. The parsing is linkheader's, behind a guard: its regular expressions are cubic on runs
of spaces, choke on tabs and empty elements, and swallow what follows an unclosed `<`. So the list
is cut in one linear pass, white space is normalised, and linkheader sees one sane link at a time.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import link_header
from yarl import URL

MAX_HEADER = 8192  # characters, all `Link` lines together; more is no usable link
MAX_LINKS = 50
MAX_SHOWN = 2000  # characters kept of a target that is not a URL
WHITE = re.compile(r"[ \t\r\n]+")
# What a URL may hold literally (RFC 3986), without the backslash and space that parsers
# disagree about. Anything else is somebody trying to be read in two ways.
PLAIN_URL = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
USERINFO = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.\-]*:)?//[^/?#]*@")


class Link(NamedTuple):
    target: str  # absolute where it can be resolved, else as it came
    followable: bool  # at the service's own origin: the only place a token is sent to


def find_link(header: str, api_url: URL) -> Link | None:
    """The first link with `self` among its relations, else the first link, else None."""
    if len(header) > MAX_HEADER:
        return None
    usual = _usual(api_url).fullmatch(header)
    if usual is not None:
        return Link(usual[1], followable=True)
    first: str | None = None
    for element in _elements(header):
        parsed = _parse(element)
        if parsed is None:
            continue
        target, relations = parsed
        if "self" in relations:
            return resolve(target, api_url)
        first = first or target
    return resolve(first, api_url) if first else None


@lru_cache(maxsize=8)
def _usual(api_url: URL) -> re.Pattern[str]:
    """What the service sends: one link below its own origin, in letters that mean nothing else.

    A twentieth of the work for nearly all notifications; a test holds it to the other way.
    """
    origin = re.escape(str(api_url.origin()))
    return re.compile(rf'<({origin}(?:/[\w~-][\w.~-]*)+)>; ?rel=(?:self|"self")', re.ASCII)


def followable(url: URL, api_url: URL) -> bool:
    """Whether `url` is at the origin of `api_url`, with nothing that could mean another place."""
    return (
        url.absolute
        and url.scheme == api_url.scheme
        and url.host == api_url.host
        and url.port == api_url.port
        and url.user is None
        and url.password is None
    )


def resolve(target: str, api_url: URL) -> Link:
    """The target as an absolute address, and whether a token may go there."""
    try:
        given = URL(target)
        url = api_url.join(given)
        text = str(url)
    except (ValueError, TypeError):
        return Link(target[:MAX_SHOWN], followable=False)
    plain = PLAIN_URL.fullmatch(target) is not None and USERINFO.match(target) is None
    if not plain or not url.host or (given.scheme and not given.host):
        return Link(text[:MAX_SHOWN], followable=False)
    # The text is what gets stored and read again, so it is the text that must stand the test.
    return Link(text, followable=followable(url, api_url) and followable(URL(text), api_url))


def _elements(header: str) -> Iterator[str]:
    """The elements of the list: cut at commas outside `<>` and quotes, unclosed ones dropped."""
    start = 0
    in_target = in_quotes = escaped = False
    count = 0
    for position, letter in enumerate(header):
        if in_quotes:
            if escaped:
                escaped = False
            elif letter == "\\":
                escaped = True
            elif letter == '"':
                in_quotes = False
        elif letter == "<":
            if in_target:  # the earlier one was never closed: it is no link
                start = position
            in_target = True
        elif letter == ">":
            in_target = False
        elif letter == '"' and not in_target:
            in_quotes = True
        elif letter == "," and not in_target:
            yield header[start:position]
            start = position + 1
            count += 1
            if count >= MAX_LINKS:
                return
    if not in_target and not in_quotes:
        yield header[start:]


def _parse(element: str) -> tuple[str, list[str]] | None:
    """Target and lower-case relations of one link, or None when it is not a link."""
    element = WHITE.sub(" ", element).strip()
    if not element.startswith("<"):
        return None
    target, closed, parameters = element[1:].partition(">")
    target = target.strip()
    if not closed or not target:
        return None
    try:
        (link,) = link_header.parse(f"<{target}>{parameters.rstrip(' ;')}").links
    except (link_header.ParseException, ValueError):
        return None
    relations = next(
        (value for name, value in link.attr_pairs if name.lower() == "rel" and value), ""
    )
    return link.href.strip(), relations.lower().split()
