"""Subscriptions have no name of their own: pages call them by their events."""

import re
from html import unescape

import pytest
from srhooks.domain.models import Hook
from srhooks.protocol.event_types import event_names, subscription_label
from srhooks.web.presentation.labels import hook_labels

from tests.support.harness import Browser, World

OPTIONS = re.compile(r'<select name="subscription".*?</select>', re.DOTALL)


@pytest.mark.parametrize(
    ("events", "label"),
    [
        ([{"name": "job.created"}], "job.created"),
        (["job.created", {"name": "job.updated"}], "job.created, job.updated"),
        (["a", "b", "c", "d", {"name": None}], "a, b + 2"),
        ([], "Subscription without events"),
        (None, "Subscription without events"),
        ([{"odd": 1}, 5, "x" * 999], "5, " + "x" * 200),
    ],
)
def test_a_subscription_is_called_by_its_events(events: object, label: str) -> None:
    assert subscription_label(event_names({"events": events})) == label


def test_those_alike_are_told_apart() -> None:
    hooks = [
        Hook("h1", "u", "s-0001", None, 1, events='["a"]'),
        Hook("h2", "u", "s-0002", None, 2, deleted_at=3, events='["a"]'),
        Hook("h3", "u", "s-0003", None, 3, events='["b"]'),
        Hook("h4", "u", "s-0004", None, 4),
        Hook("h5", "u", None, None, 5, events='["a"]'),
    ]
    assert hook_labels(hooks) == {
        "s-0001": "a (…0001)",
        "s-0002": "a (…0002) (deleted)",
        "s-0003": "b",
        "s-0004": "s-0004",
    }


async def choices(ada: Browser) -> list[str]:
    found = OPTIONS.search(await ada.page("/notifications"))
    assert found is not None
    return [unescape(one) for one in re.findall(r"<option[^>]*>([^<]*)", found[0])]


async def test_feed_and_detail_name_subscriptions_by_what_was_last_seen(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created", "job.updated", "offer.created")
        assert await choices(ada) == ["All subscriptions", "job.created, job.updated + 1"]
        known = world.sandbox.subscriptions.by_id[created["id"]]
        known.events = ("review.created",)  # somebody changed it elsewhere
        await ada.json("GET", "/subscriptions")
        assert await choices(ada) == ["All subscriptions", "review.created"]
        await world.notify(created["hookId"], event_name="job.created")
        (n,) = await ada.notifications()
        page = await ada.page(f"/notifications/{n['id']}")
        assert f'subscription={created["id"]}">review.created</a>' in page
        await ada.json("DELETE", f"/subscriptions/{created['id']}", status=204)
        assert await choices(ada) == ["All subscriptions", "review.created (deleted)"]
