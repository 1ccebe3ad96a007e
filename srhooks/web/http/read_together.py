"""The parts of a page, read at the same time.

One after the other, each waits for a reading connection and for its turn of the processor: on a
busy machine a page of ten reads is mostly waiting.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any


async def read_together(*parts: Awaitable[Mapping[str, Any]]) -> dict[str, Any]:
    """What the parts give to a template; where two give the same name, the later one counts."""
    page: dict[str, Any] = {}
    for part in await asyncio.gather(*parts):
        page |= part
    return page
