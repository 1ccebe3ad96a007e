"""Whole HTTP requests of notifications as SmartRecruiters sends them, ready for a socket."""

import json
import time
from dataclasses import dataclass

from srhooks.bench.account import Account
from srhooks.protocol.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign

LINES = "POST /hooks/{hook} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: SmartRecruiters\r\n"


@dataclass(frozen=True)
class Shape:
    body_bytes: int = 1000
    linked: bool = True
    path: str = ""  # of the entity; empty: a different path each time, which does not exist


class Sender:
    """Builds signed notifications of one subscription, each with a new event id."""

    def __init__(self, account: Account, shape: Shape) -> None:
        self._account = account
        self._shape = shape
        self._host = account.base.removeprefix("http://")
        self._count = 0
        self.sent: list[str] = []  # event ids

    def make(self, count: int, *, linked: bool | None = None) -> list[bytes]:
        linked = self._shape.linked if linked is None else linked
        return [self._one(linked) for _ in range(count)]

    def _one(self, linked: bool) -> bytes:
        self._count += 1
        number = self._count
        event_id = f"bench-{number:08d}"
        body = {"job_id": f"job-{number}", "candidate_id": f"candidate-{number}", "filler": ""}
        body["filler"] = "x" * max(0, self._shape.body_bytes - len(json.dumps(body)))
        raw = json.dumps(body).encode()
        headers = {
            "content-type": "application/json",
            "content-length": str(len(raw)),
            "event-id": event_id,
            "event-name": "application.status.updated",
            "event-version": "v201910",
            TIMESTAMP_HEADER: str(int(time.time())),
        }
        if linked:
            path = self._shape.path or f"/candidates/candidate-{number}/jobs/job-{number}"
            target = self._account.api_url + path
            headers["link"] = f"<{target}>; rel=self"
        headers[SIGNATURE_HEADER] = sign(self._account.key, headers, raw)
        head = LINES.format(hook=self._account.hook_id, host=self._host)
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.sent.append(event_id)
        return head.encode() + b"\r\n" + raw
