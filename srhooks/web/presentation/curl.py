"""A notification as a curl command that posts it once more, headers and body byte for byte.

What a page would have to mark (foreign_text.HIDDEN), and what a terminal would act on, is written
as `$'\\xNN'` (bash, zsh, ksh; POSIX.1-2024, 2.2.4): the command is the same text in a page, in a
clipboard and in a shell.
"""

import re
import shlex

from srhooks.domain.models import REDACTED, Notification
from srhooks.web.presentation.foreign_text import HIDDEN

# What belongs to one connection, or what curl works out by itself.
LEFT_OUT = frozenset({
    "host", "content-length", "connection", "transfer-encoding", "accept-encoding", "expect",
    "keep-alive", "upgrade", "te", "trailer",
})  # fmt: skip
MAX_BODY = 20_000  # bytes; a larger body, or one with a NUL, comes from a file
ESCAPED = re.compile(f"[\\t\\n\\\\']|{HIDDEN.pattern}")
SHORT = {"\t": "\\t", "\n": "\\n", "\\": "\\\\", "'": "\\'"}


def curl_command(n: Notification, url: str) -> str:
    lines = [f"curl -X POST {shlex.quote(url)}"]
    for name, value in n.headers.items():
        if name not in LEFT_OUT and value != REDACTED:
            header = f"{name}: {value}" if value else f"{name};"
            lines.append(f"  -H {shell_word(header.encode('utf-8', 'surrogateescape'))}")
    lines.append(f"  {_body(n)}")
    return " \\\n".join(lines)


def shell_word(raw: bytes) -> str:
    """These bytes, NUL excepted, as one word of a shell."""
    text = raw.decode("utf-8", "surrogateescape")
    if "\t" in text or any(not found[1] for found in HIDDEN.finditer(text)):
        return f"$'{ESCAPED.sub(_escape, text)}'"
    return shlex.quote(text)


def _escape(match: re.Match[str]) -> str:
    if match[1]:  # a flag
        return match[1]
    raw = match[0].encode("utf-8", "surrogateescape")
    return SHORT.get(match[0]) or "".join(f"\\x{byte:02x}" for byte in raw)


def _body(n: Notification) -> str:
    if b"\x00" in n.body or len(n.body) > MAX_BODY:
        return f"--data-binary @notification-{n.public_id}.body"  # the name it is saved under
    # Not --data: a body that begins with @ would be taken for a file's name.
    return f"--data-raw {shell_word(n.body)}"
