"""Frames for new rows, rendered once for all rows that look alike.

What has just come in differs from the others of its event in no more than its id and its time: the
template takes 35 to 60 microseconds for it, filling these in takes ten. It is the same template,
given an object that has nothing else to show; so nothing of a candidate is kept here.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from aiohttp import web

from srhooks.domain.ids import encode_id
from srhooks.domain.models import Notification
from srhooks.web.http.templating import macro
from srhooks.web.presentation.template_filters import Moment, moment

MAX_KINDS = 256
# Where to fill in; no letters of ASCII, and all that is made in advance is of such.
ID, REV, ISO, EXACT, AGO = "\ue000\ue001\ue002\ue003\ue004"
FILLED_IN = {ID: "%(id)s", REV: "%(rev)d", ISO: "%(iso)s", EXACT: "%(exact)s", AGO: "%(ago)s"}


class Alike(NamedTuple):
    """What a row without an entity shows besides its id and its time: the cache's key."""

    event_name: str | None
    entity_status: str
    signature: str
    deliveries: int
    is_test: bool
    is_backfilled: bool
    public_id: str = ID
    rev: str = REV
    title: None = None
    changes: None = None


class NewRows:
    def __init__(self, render: Callable[..., str]) -> None:
        """`render` is the template's macro for a frame."""
        self._made = lru_cache(maxsize=MAX_KINDS)(lambda *alike: _pattern(render, Alike(*alike)))
        self._render = render

    def frame(self, n: Notification, now: int) -> str:
        """A new row for a page that filters nothing, and the cursor behind it."""
        at = moment(n.received_at, now)
        if n.title or n.changes or not (n.event_name or "").isascii():
            return self._render(n, at, new=True)
        pattern = self._made(
            n.event_name, n.entity_status, n.signature, n.deliveries, n.is_test, n.is_backfilled
        )
        return pattern % {
            "id": encode_id(n.id), "rev": n.rev, "iso": at.iso, "exact": at.exact, "ago": at.ago
        }  # fmt: skip


NEW_ROWS = web.AppKey("new_rows", NewRows)


def setup_new_rows(app: web.Application) -> None:
    """`setup_view` comes first."""
    app[NEW_ROWS] = NewRows(macro(app, "_live.html", "frame"))


def _pattern(render: Callable[..., str], alike: Alike) -> str:
    pattern = render(alike, Moment(ISO, EXACT, AGO), new=True).replace("%", "%%")
    for mark, place in FILLED_IN.items():
        pattern = pattern.replace(mark, place)
    return pattern
