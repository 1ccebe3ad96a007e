"""A network namespace in which a program runs, with two cables to here; only root may.

By the first it is reached, by the second it reaches the database: that one can be pulled out.
"""

import contextlib
import secrets
import subprocess
from collections.abc import Iterator

from tests.support.machine import program


class Namespace:
    def __init__(self) -> None:
        self.name = f"srhooks-{secrets.token_hex(3)}"
        self._net = secrets.randbelow(250) + 1  # of 10.231.0.0/16
        self.cables = [f"sr{self.name[-6:]}{place}" for place in "fd"]
        self.address = self._of(0, 2)
        self.database = self._of(1, 1)

    def _of(self, cable: int, end: int) -> str:
        return f"10.231.{self._net}.{cable * 4 + end}"

    def make(self) -> None:
        _ip("netns", "add", self.name)
        self._inside("link", "set", "lo", "up")
        for number, cable in enumerate(self.cables):
            peer = ["peer", "name", f"{cable}p", "netns", self.name]
            _ip("link", "add", cable, "type", "veth", *peer)
            _ip("addr", "add", f"{self._of(number, 1)}/30", "dev", cable)
            _ip("link", "set", cable, "up")
            self._inside("addr", "add", f"{self._of(number, 2)}/30", "dev", f"{cable}p")
            self._inside("link", "set", f"{cable}p", "up")

    def cut(self) -> None:
        """Packets to and from the database are gone; nobody is told."""
        _ip("link", "set", self.cables[1], "down")

    def mend(self) -> None:
        _ip("link", "set", self.cables[1], "up")

    @property
    def run(self) -> tuple[str, ...]:
        """What stands before a command that runs in it."""
        return (program("ip"), "netns", "exec", self.name)

    def remove(self) -> None:
        """The cables go with it."""
        _ip("netns", "del", self.name)

    def _inside(self, *args: str) -> None:
        _ip("-n", self.name, *args)


def _ip(*args: str) -> None:
    subprocess.run([program("ip"), *args], check=True, capture_output=True)


@contextlib.contextmanager
def namespace() -> Iterator[Namespace]:
    """Raises CalledProcessError where there can be none."""
    made = Namespace()
    try:
        made.make()
        yield made
    finally:
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            made.remove()
