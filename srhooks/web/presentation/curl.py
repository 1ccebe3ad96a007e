"""A notification as a curl command that posts it once more, headers and body as they came."""

import shlex

from srhooks.domain.models import REDACTED, Notification

# What belongs to one connection, or what curl works out by itself.
LEFT_OUT = frozenset({
    "host", "content-length", "connection", "transfer-encoding", "accept-encoding", "expect",
    "keep-alive", "upgrade", "te", "trailer",
})  # fmt: skip
MAX_BODY = 20_000  # bytes; a larger body, or one that no shell takes as text, comes from a file


def curl_command(n: Notification, url: str) -> str:
    lines = [f"curl -X POST {shlex.quote(url)}"]
    for name, value in n.headers.items():
        if name not in LEFT_OUT and value != REDACTED:
            header = f"{name}: {value}" if value else f"{name};"
            lines.append(f"  -H {shlex.quote(header)}")
    lines.append(f"  {_body(n)}")
    return " \\\n".join(lines)


def _body(n: Notification) -> str:
    try:
        text = n.body.decode("utf-8")
    except UnicodeDecodeError:
        text = "\x00"
    if "\x00" in text or "\r" in text or len(n.body) > MAX_BODY:
        return f"--data-binary @notification-{n.public_id}.body"  # the name it is saved under
    # Not --data: a body that begins with @ would be taken for a file's name.
    return f"--data-raw {shlex.quote(text)}"
