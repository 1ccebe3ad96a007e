"""One open page: how far it is, and the frames that bring it further.

The page's cursor is the `rev` of the newest change that it was sent. Changes are read and sent in
the order of `rev`, so whatever a page shows, nothing below its cursor is missing.
"""

import asyncio
import math

from aiohttp import web

from srhooks.hub import Event
from srhooks.ids import encode_id
from srhooks.models import Filter, Notification
from srhooks.smartrecruiters.errors import ServiceError
from srhooks.web.asked import DEFAULT_LIMIT, live_url
from srhooks.web.changes import Change
from srhooks.web.keys import METRICS, SERVICES
from srhooks.web.overview import overview_frame
from srhooks.web.paging import read_page
from srhooks.web.session import Login
from srhooks.web.subscriptions import subscriptions_context
from srhooks.web.view import render_text

MAX_REPLAY = 500  # changes; beyond them the list is pushed as a whole


class LivePage:
    def __init__(
        self, app: web.Application, login: Login, socket: web.WebSocketResponse, wanted: Filter,
        cursor: int | None, *, view: str, window: str, send_patience: float,
    ) -> None:  # fmt: skip
        self.login = login
        self._app = app
        self._socket = socket
        self._store = app[SERVICES].store
        self._changes = app[SERVICES].changes
        self._wanted = wanted
        self._filter_key = repr(sorted(wanted.params.items()))
        self._replays = cursor is not None
        self._sent = self._store.next_id() if cursor is None else cursor
        self._deletions = app[SERVICES].deletions
        self._told = self._sent  # of deletions: up to this rev
        self.view = view
        self._window = window
        self._send_patience = send_patience

    async def catch_up(self) -> None:
        """Send what changed since the page's cursor. Raises StoreError and what sending raises."""
        if self.view in {"subscriptions", "overview"} or not self._replays:
            return
        if not await self._send_changes(order=0, at_most=MAX_REPLAY):
            await self._send_whole_list()
        await self._send_deleted()

    async def show(self, events: list[Event]) -> None:
        if self.view == "overview":
            await self._send(await overview_frame(self._app, self.login.user.id, self._window))
        for event in events:
            if event.kind == "login":
                await self._send(render_text(self._app, "_banner.html", {"user": self.login.user}))
            elif event.kind == "notification" and self.view in {"", "feed"}:
                await self._send_changes(event.order)
            elif event.kind == "handshake" and self.view == "subscriptions":
                await self._send(self._handshakes())
            elif event.kind == "subscriptions":
                await self._send(await self._subscriptions())
        # Last: a change may have been read before its notification was deleted.
        if self.view in {"", "feed"} and any(event.kind == "deleted" for event in events):
            await self._send_deleted()

    async def _send_changes(self, order: int, at_most: float = math.inf) -> bool:
        """Whether these were all of them."""
        while True:
            changes = await self._changes.after(self.login.user.id, self._sent, order)
            at_most -= len(changes.found)
            if at_most < 0:
                return False
            await self._send("".join(self._frame(change) for change in changes.found))
            if changes.found:
                self._sent = changes.found[-1].n.rev
            if changes.complete:
                return True

    async def _send_deleted(self) -> None:
        self._told, numbers = self._deletions.after(self.login.user.id, self._told)
        ids = [encode_id(number) for number in numbers]
        await self._send(render_text(self._app, "_deleted.html", {"ids": ids}) if ids else "")

    def _frame(self, change: Change) -> str:
        n = change.n
        new = n.first_rev > self._sent  # else the page was sent an earlier state of it
        return change.frame((self._filter_key, new), lambda: self._render(n, new=new))

    def _render(self, n: Notification, *, new: bool) -> str:
        wanted = self._wanted
        ctx = {"n": n, "new": new, "wanted": wanted}
        if not wanted.matches(n):
            # Of all that can be asked for, only the entity's status changes from a fit to none.
            left = not new and wanted.status and n.entity_status != wanted.status
            return render_text(self._app, "_live.html", {**ctx, "gone": True}) if left else ""
        # A filter may fit only now that the entity is known: then it is new to the page.
        ctx["new"] = new or bool(wanted.q or wanted.status)
        return render_text(self._app, "_live.html", ctx)

    async def _send(self, text: str) -> None:
        if not text:
            return
        async with asyncio.timeout(self._send_patience):
            await self._socket.send_str(text)
        self._app[METRICS].frames.inc()

    async def _send_whole_list(self) -> None:
        user_id = self.login.user.id
        cursor = await self._store.last_rev(user_id)
        page = await read_page(self._store, user_id, self._wanted, DEFAULT_LIMIT)
        ctx = {
            **page.context,
            "wanted": self._wanted,
            "cursor": cursor,
            "live_url": live_url(self._wanted, cursor),
            "subscriptions": [],
            "csrf": self.login.csrf,
            "oob": True,
        }
        await self._send(render_text(self._app, "_list.html", ctx))
        self._sent = cursor

    def _handshakes(self) -> str:
        steps_of = self._app[SERVICES].handshakes.of_user(self.login.user.id)
        return "".join(
            render_text(self._app, "_steps.html", {"sid": number, "steps": steps, "oob": True})
            for number, steps in steps_of.items()
        )

    async def _subscriptions(self) -> str:
        user_id = self.login.user.id
        if self.view != "subscriptions":
            drifts = self._app[SERVICES].watch.drifts(user_id).values()
            return render_text(self._app, "_drift.html", {"drifts": drifts})
        try:
            ctx = await subscriptions_context(self._app, user_id, self.login.csrf)
        except ServiceError:
            return render_text(self._app, "_banner.html", {"user": self.login.user})
        return render_text(self._app, "_subscriptions.html", {**ctx, "oob": True})
