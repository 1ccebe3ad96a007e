"""Read the `Link` header of a notification and decide whether its target may be followed.

RFC 8288. The parsing is linkheader's, behind a guard: its regular expressions are cubic on runs
of spaces, choke on tabs, empty elements and odd parameters, and swallow what follows an unclosed
`<`. So the list is cut in one linear pass, of each link's parameters only `rel` is read, and
linkheader sees the one link that counts, in its plainest form.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import link_header
from yarl import URL

MAX_HEADER = 8192  # characters, all `Link` lines together; more is no usable link
MAX_LINKS = 50
MAX_PARAMETERS = 100  # of a link
MAX_SHOWN = 2000  # characters kept of a target that is not a URL
BLANK = " \t\r\n"
WHITE = re.compile(r"[ \t\r\n]+")
# Each goes over the text once. Only sets of characters are possessive: for groups with a choice in
# them that is wrong before Python 3.11.5 (cpython issue 106052).
TEXT = r'"[^"\\]*+(?:\\.[^"\\]*+)*"'
PIECE = re.compile(rf'(?:[^<",]++|<[^<>]*+>|{TEXT})+|,|<+(?=<)|<|"', re.DOTALL)
PARAMETER = re.compile(rf'(?:[^;"]++|{TEXT}|")+', re.DOTALL)
QUOTED = re.compile(TEXT, re.DOTALL)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
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
            return resolve(_read(target), api_url)
        first = first or target
    return resolve(_read(first), api_url) if first else None


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
    start = count = 0
    for found in PIECE.finditer(header):
        piece = found[0]
        if piece[0] == "<" and ">" not in piece:  # never closed: it is no link
            start = header.find("<", found.end()) % (len(header) + 1)
        elif piece == '"':  # never closed: where its link ends cannot be known
            return
        elif piece == ",":
            yield header[start : found.start()]
            start = found.end()
            count += 1
            if count >= MAX_LINKS:
                return
    yield header[start:]


def _parse(element: str) -> tuple[str, list[str]] | None:
    """Target and lower-case relations of one link, or None when it is not a link."""
    element = element.strip(BLANK)
    target, closed, parameters = element[1:].partition(">")
    target = WHITE.sub(" ", target).strip()
    if not element.startswith("<") or not closed or not target:
        return None
    return target, _relations(parameters).lower().split()


def _relations(parameters: str) -> str:
    """The value of the first `rel`. Parameters that cannot be read are passed over."""
    for found in islice(PARAMETER.finditer(parameters), MAX_PARAMETERS):
        name, equals, value = found[0].partition("=")
        if name.strip(BLANK).lower() == "rel" and equals:
            value = value.strip(BLANK)
            quoted = QUOTED.match(value)
            return ESCAPED.sub(r"\1", quoted[0][1:-1]) if quoted else value
    return ""


def _read(target: str) -> str:
    """The target as linkheader reads it."""
    try:
        (link,) = link_header.parse(f"<{target}>").links
    except (link_header.ParseException, ValueError):
        return target
    return str(link.href).strip()
