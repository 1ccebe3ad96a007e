"""Texts that so many notifications hold that their index takes long: walking finds them sooner."""

import asyncio

MOST = 100  # texts
KEPT = 600.0  # seconds: what was everywhere may get rare


class WalkedTexts:
    """Those that were tried, so that not each page of a search tries again: the last MOST of them.

    Kept by their hashes: a search may be a candidate's name.
    """

    def __init__(self) -> None:
        self._until: dict[int, float] = {}  # loop time

    def add(self, text: str) -> None:
        self._until.pop(hash(text), None)
        if len(self._until) >= MOST:
            del self._until[next(iter(self._until))]
        self._until[hash(text)] = asyncio.get_running_loop().time() + KEPT

    def __contains__(self, text: str) -> bool:
        return self._until.get(hash(text), 0.0) > asyncio.get_running_loop().time()
