"""Messages that are shown once, on the page that follows a form (post, redirect, get).

A page that answers a form itself would send the form again when it is loaded anew: a second key.
In memory, since secrets are among it; none is ever in a cookie.
"""

import time
from collections import OrderedDict
from typing import Any

KEPT = 60.0  # seconds until nobody wants it any more
MOST = 1000


class Flash:
    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], tuple[float, dict[str, Any]]] = OrderedDict()

    def put(self, session_id: str, page: str, **shown: Any) -> None:
        self._kept[session_id, page] = (time.monotonic() + KEPT, shown)
        self._kept.move_to_end((session_id, page))
        while len(self._kept) > MOST or next(iter(self._kept.values()))[0] < time.monotonic():
            self._kept.popitem(last=False)

    def take(self, session_id: str, page: str) -> dict[str, Any]:
        """Remove and return the values for the page; empty when there are none or they expired."""
        until, shown = self._kept.pop((session_id, page), (0.0, {}))
        return shown if time.monotonic() < until else {}
