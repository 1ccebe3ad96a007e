"""What a text from outside must be to become a header, an address or an event's name.

Each function tells whether the text may be used as that; nothing is repaired.
"""

import re

from yarl import URL

MAX_NAME = 200  # characters of a header's or an event's name
MAX_VALUE = 4000
MAX_URL = 2000
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
# Visible ASCII, blanks inside (RFC 9110, 5.5, without the obsolete bytes above ASCII).
FIELD_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")
# SmartRecruiters' names are such as `job.hiring-team.updated`. One of them becomes a header.
EVENT = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z._-]*[0-9A-Za-z])?")
# RFC 5321, 4.1.2, without quoted local parts and address literals.
EMAIL = re.compile(
    r"[0-9A-Za-z!#$%&'*+/=?^_`{|}~.-]{1,64}@"
    r"(?:[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?\.)*[0-9A-Za-z](?:[0-9A-Za-z-]{0,61}[0-9A-Za-z])?"
)
MAX_EMAIL = 254  # RFC 5321, erratum 1690
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def is_header_name(text: str) -> bool:
    return len(text) <= MAX_NAME and TOKEN.fullmatch(text) is not None


def is_header_value(text: str) -> bool:
    return len(text) <= MAX_VALUE and FIELD_VALUE.fullmatch(text) is not None


def is_event_name(text: str) -> bool:
    """Whether it looks like one; new ones of the service are as good as known ones."""
    return len(text) <= MAX_NAME and EVENT.fullmatch(text) is not None and ".." not in text


def is_email(text: str) -> bool:
    return len(text) <= MAX_EMAIL and EMAIL.fullmatch(text) is not None


def is_line(text: str) -> bool:
    """Whether it is one line of text, not empty."""
    return 0 < len(text) <= MAX_VALUE and UNPRINTABLE.search(text) is None


def is_web_address(text: str) -> bool:
    """Whether it is an absolute http(s) address without credentials and fragment."""
    if len(text) > MAX_URL or not text.isascii() or not is_line(text) or " " in text:
        return False
    try:
        url = URL(text)
        host, port = url.host, url.port
    except ValueError:
        return False
    bare = url.user is None and url.password is None and not url.raw_fragment
    return (
        url.scheme in ("http", "https") and bool(host) and port != 0 and bare and "\\" not in text
    )
