"""What a live page shows, by applying the pushed frames as static/js/feed.js does."""

import re
from dataclasses import dataclass, field
from html import unescape

import aiohttp

from tests.support.harness import Browser

ROW = re.compile(r'<li id="n-(\w+)"(.*?)</li>', re.DOTALL)
NEW = re.compile(r'<ul id="feed" hx-swap-oob="afterbegin">(.*?)</ul>', re.DOTALL)
CURSOR = re.compile(r'id="cursor" value="(\d+)"')
WHOLE = re.compile(r'id="cursor" value="\d+"(?: data-whole="(\d+)")?')
LIST = re.compile(r'<section class="panel list".*?</section>', re.DOTALL)


def facts(row: str) -> str:
    """What a row says, but for how long ago."""
    text = re.sub(r"<time.*?</time>|<a [^>]*>|<[^>]+>", " ", row.partition(">")[2])
    return " ".join(unescape(text).split())


@dataclass
class Page:
    browser: Browser
    query: str = ""
    rows: dict[str, str] = field(default_factory=dict)
    cursor: int = 0
    whole: str = ""  # up to where it has all, while it catches up
    complaints: list[str] = field(default_factory=list)
    frames: int = 0
    socket: aiohttp.ClientWebSocketResponse | None = None
    strict: bool = True  # no row may come as new that is there, or change that is not

    async def load(self) -> None:
        html = await self.browser.page(f"/notifications?limit=200{self.query}")
        found = LIST.search(html)
        assert found is not None
        self.rows = {name: facts(row) for name, row in ROW.findall(found[0])}
        self.cursor, self.whole = int(CURSOR.findall(html)[-1]), ""

    async def connect(self) -> None:
        whole = f"&whole={self.whole}" if self.whole else ""
        self.socket = await self.browser.live(f"?cursor={self.cursor}{whole}{self.query}")

    async def read(self, wait: float = 0.0) -> bool:
        """Apply the next frame that is there; whether there was one."""
        if self.socket is None or self.socket.closed:
            return False
        try:
            message = await self.socket.receive(timeout=wait or 0.001)
        except TimeoutError:
            return False
        if message.type is not aiohttp.WSMsgType.TEXT:
            return False
        self.apply(message.data)
        return True

    def apply(self, frame: str) -> None:
        self.frames += 1
        if 'id="list"' in frame:
            self.rows = {name: facts(row) for name, row in ROW.findall(frame)}
        else:
            self._apply_rows(frame)
        self.cursor = max([self.cursor, *map(int, CURSOR.findall(frame))])
        self.whole = [self.whole, *WHOLE.findall(frame)][-1]

    def _apply_rows(self, frame: str) -> None:
        for new in NEW.findall(frame):
            for name, row in ROW.findall(new):
                if self.strict and name in self.rows:
                    self.complaints.append(f"{name} came twice")
                self.rows[name] = facts(row)
        for name, row in ROW.findall(NEW.sub("", frame)):
            if 'hx-swap-oob="delete"' in row:
                self.rows.pop(name, None)
            elif name in self.rows:
                self.rows[name] = facts(row)
            elif self.strict:
                self.complaints.append(f"{name} changed before it came")

    def shown(self) -> list[tuple[str, str]]:
        return sorted(self.rows.items(), reverse=True)

    def drop(self) -> None:
        """The network is gone: no goodbye, and what was under way is lost."""
        if self.socket is not None and self.socket._response.connection is not None:
            transport = self.socket._response.connection.transport
            if transport is not None:
                transport.abort()
        self.socket = None
