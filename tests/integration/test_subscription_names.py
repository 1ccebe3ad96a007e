"""Subscriptions are called by the name that a person gave them, else by their events."""

import re
from html import unescape

import pytest
from srhooks.domain.models import Hook
from srhooks.protocol.event_types import event_names, subscription_label, subscription_phrase
from srhooks.web.presentation.labels import hook_labels

from tests.support.harness import Browser, World

OPTIONS = re.compile(r'<select name="subscription".*?</select>', re.DOTALL)


@pytest.mark.parametrize(
    ("events", "label"),
    [
        ([{"name": "job.created"}], "job.created"),
        (["job.created", {"name": "job.updated"}], "Jobs (2 events)"),
        (["job.created", "offer.created"], "Jobs and offers (2 events)"),
        (["a.x", "offer.created", "job.x"], "Other events, offers and jobs (3 events)"),
        (
            ["job.x", "offer.x", "review.x", "a", {"name": None}],
            "Jobs, offers and 2 more (4 events)",
        ),
        ([], "Subscription without events"),
        (None, "Subscription without events"),
        ([{"odd": 1}, 5, "x" * 999], "Other events (2 events)"),
        (["x" * 999], "x" * 200),
    ],
)
def test_a_subscription_is_called_by_its_events(events: object, label: str) -> None:
    assert subscription_label(event_names({"events": events})) == label


@pytest.mark.parametrize(
    ("events", "name", "phrase"),
    [
        ([], None, "the subscription without events"),
        (["job.created", "job.updated"], None, "the subscription to job.created, job.updated"),
        (["job.created", "job.updated", "offer.created"], None,
         "the subscription Jobs and offers (3 events)"),
        (["job.created"], "For the data team", "the subscription For the data team"),
    ],
)  # fmt: skip
def test_a_question_calls_it_by_its_name_or_by_few_events(
    events: list[str], name: str | None, phrase: str
) -> None:
    assert subscription_phrase({"events": events, "name": name}) == phrase


def test_those_alike_are_told_apart() -> None:
    hooks = [
        Hook("h1", "u", "s-0001", None, 1, events='["a"]'),
        Hook("h2", "u", "s-0002", None, 2, deleted_at=3, events='["a"]'),
        Hook("h3", "u", "s-0003", None, 3, events='["b"]'),
        Hook("h4", "u", "s-0004", None, 4),
        Hook("h5", "u", None, None, 5, events='["a"]'),
        Hook("h6", "u", "s-0006", None, 6, events='["a"]', name="Hiring"),
        Hook("h7", "u", "s-0007", None, 7, name="b"),
    ]
    assert hook_labels(hooks) == {
        "s-0001": "a (…0001)",
        "s-0002": "a (…0002) (deleted)",
        "s-0003": "b (…0003)",
        "s-0004": "s-0004",
        "s-0006": "Hiring",
        "s-0007": "b (…0007)",
    }


async def choices(ada: Browser) -> list[str]:
    found = OPTIONS.search(await ada.page("/notifications"))
    assert found is not None
    return [unescape(one) for one in re.findall(r"<option[^>]*>([^<]*)", found[0])]


async def test_feed_and_detail_name_subscriptions_by_what_was_last_seen(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created", "job.updated", "offer.created")
        assert await choices(ada) == ["All subscriptions", "Jobs and offers (3 events)"]
        known = world.sandbox.subscriptions.by_id[created["id"]]
        known.events = ("review.created",)  # somebody changed it elsewhere
        await ada.json("GET", "/subscriptions")
        assert await choices(ada) == ["All subscriptions", "review.created"]
        await world.notify(created["hookId"], event_name="job.created")
        (n,) = await ada.notifications()
        page = await ada.page(f"/notifications/{n['id']}")
        assert f'subscription={created["id"]}"><bdi>review.created</bdi></a>' in page
        await ada.json("DELETE", f"/subscriptions/{created['id']}", status=204)
        assert await choices(ada) == ["All subscriptions", "review.created (deleted)"]


async def test_a_given_name_is_used_everywhere(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created", "job.updated", name="Hiring <b>team</b>")
        number = created["id"]
        assert created["name"] == "Hiring <b>team</b>"
        assert "name" not in str(world.sandbox.subscriptions.by_id[number].callback_url)
        (listed,) = (await ada.json("GET", "/subscriptions"))["subscriptions"]
        assert listed["name"] == "Hiring <b>team</b>"
        await world.notify(created["hookId"], event_name="job.created")
        (n,) = await ada.notifications()
        shown = "Hiring &lt;b&gt;team&lt;/b&gt;"
        for path in (
            "/notifications", f"/notifications/{n['id']}", "/subscriptions", "/overview",
            f"/subscriptions/{number}", f"/subscriptions/{number}/delete",
            "/subscriptions/coverage",
        ):  # fmt: skip
            page = await ada.page(path)
            assert shown in page, path
            assert "Hiring <b>" not in page
        form = {"name": " Recruiting ", "csrf": await ada.csrf()}
        path = f"/subscriptions/{number}/name"
        async with ada.request("POST", path, data=form, headers={"Accept": "text/html"}) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, f"/subscriptions/{number}")
        assert await choices(ada) == ["All subscriptions", "Recruiting"]
        await ada.json("POST", path, status=204, json={"name": ""})
        assert await choices(ada) == ["All subscriptions", "Jobs (2 events)"]


@pytest.mark.parametrize("name", ["x" * 81, "a\nb", 5, ["a"]])
async def test_an_odd_name_is_refused(world: World, name: object) -> None:
    async with world.logged_in() as ada:
        asked = {"events": ["job.created"], "name": name}
        await ada.json("POST", "/subscriptions", status=400, json=asked)
        number = (await ada.subscribe("job.created"))["id"]
        await ada.json("POST", f"/subscriptions/{number}/name", status=400, json={"name": name})
        async with world.logged_in("Grace") as grace:
            path = f"/subscriptions/{number}/name"
            await grace.json("POST", path, status=404, json={"name": "Mine"})
