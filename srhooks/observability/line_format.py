"""How a line on the console looks."""

import time
from functools import lru_cache


class LineTime:
    """Writes a moment as logs do. It keeps the text of the second: many lines share it."""

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def text_of(self, moment: float) -> str:
        """`moment` is in seconds since 1970; the text is local time with milliseconds."""
        second = int(moment)
        if second != self._second:
            self._text = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
            self._second = second
        return f"{self._text},{int(moment % 1 * 1000):03d}"


@lru_cache(maxsize=256)
def line_form(level: str, name: str, keys: tuple[str, ...]) -> str:
    """A line, to be filled with its time, its message and the keys' values."""
    return f"%s {level:<7} {name}: %s{''.join([f' {key}=%s' for key in keys])}"
