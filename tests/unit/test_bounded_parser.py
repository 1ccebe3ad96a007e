"""What the bounded parser holds, and when the library's has to be asked again without new data."""

from typing import Any

from srhooks.server.bounded_parser import BoundedParser


class Library:
    """Stands for the library's parser: keeps what it is fed, and that it was told to pause."""

    def __init__(self) -> None:
        self.fed: list[bytes] = []
        self.pauses = 0

    def feed_data(self, data: bytes) -> tuple[tuple[Any, ...], bool, bytes]:
        self.fed.append(data)
        return (), False, b""

    def pause_reading(self) -> None:
        self.pauses += 1


class Budget:
    def charge(self, before: int, now: int) -> bool:
        return before >= 0 and now >= 0


def test_without_new_data_the_library_need_not_be_asked_unless_it_was_paused() -> None:
    library = Library()
    parser = BoundedParser(library, Budget())
    idle = [parser.is_idle]
    parser.pause_reading()  # in the middle of a body: it may hold a part of it
    idle.append(parser.is_idle)
    parser.feed_data(b"")
    idle.append(parser.is_idle)
    assert idle == [True, False, True]
    assert (library.pauses, library.fed) == (1, [b""])
