"""Recent deletions, so that open pages drop those rows, even pages that were offline meanwhile.

Of a deleted row nothing is left to be read, so this is kept in memory, and no more of it than
pages can want: one that was away for longer, or across a restart, shows the rows until it is
loaded.
"""

from collections import deque
from collections.abc import Iterable

KEPT = 5000


class Deletions:
    def __init__(self) -> None:
        self._found: deque[tuple[int, str, int]] = deque(maxlen=KEPT)

    def note(self, user_id: str, rev: int, notification_ids: Iterable[int]) -> None:
        """`rev` is above that of every change that a page can have been sent of them."""
        self._found.extend((rev, user_id, notification_id) for notification_id in notification_ids)

    def after(self, user_id: str, rev: int) -> tuple[int, list[int]]:
        """The rev of the newest one, and what of this user was deleted after the given one."""
        notification_ids = []
        for at, owner, notification_id in reversed(self._found):
            if at <= rev:
                break
            if owner == user_id:
                notification_ids.append(notification_id)
        return (self._found[-1][0] if self._found else rev), notification_ids
