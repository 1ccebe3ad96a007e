"""One page of the feed, and the address of the next one."""

from dataclasses import dataclass

from srhooks.domain import ids
from srhooks.domain.feed_filter import Filter
from srhooks.domain.models import Notification
from srhooks.store import PAGE_TIME, Store
from srhooks.web.http.query_params import older_url


@dataclass(frozen=True, slots=True)
class FeedPage:
    notifications: list[Notification]
    next: str | None
    reached: int | None = None  # ms: what came before was not looked through yet

    @property
    def context(self) -> dict[str, object]:
        """For templates."""
        return {"notifications": self.notifications, "next": self.next, "reached": self.reached}


async def read_page(
    store: Store, user_id: str, feed_filter: Filter, limit: int, asked: str = "",
    patience: float = PAGE_TIME,
) -> FeedPage:  # fmt: skip
    """`asked`: the limit as the address gives it. A rare filter may take several pages to search.

    Raises StoreError.
    """
    page = await store.page(user_id, feed_filter, limit + 1, patience)
    found = page.found[:limit]
    if len(page.found) > limit:
        return FeedPage(found, older_url(feed_filter, found[-1].public_id, asked))
    if page.reached is None:
        return FeedPage(found, None)
    following = older_url(feed_filter, ids.encode_id(page.reached), asked)
    return FeedPage(found, following, ids.received_ms(page.reached))
