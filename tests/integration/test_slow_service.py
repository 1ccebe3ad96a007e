"""What the subscriptions page gives while SmartRecruiters takes its time."""

from typing import Any

import pytest
from srhooks.web.pages import subscriptions

from tests.support.harness import World


async def test_the_frame_does_not_wait_for_the_list(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "FRAME_TIMEOUT", 0.05)
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created", "job.updated")
        world.sandbox.add_fault("/subscriptions$", method="GET", delay=0.5)
        frame = await ada.page("/subscriptions?events=job.created&events=offer.created")
        assert "Waiting for SmartRecruiters…" in frame
        assert 'hx-trigger="load"' in frame
        again = "/subscriptions?events=job.created&amp;events=offer.created&amp;wait=1"
        assert f'<noscript><meta http-equiv="refresh" content="0; url={again}"></noscript>' in frame
        whole = await ada.page("/subscriptions?wait=1")
        assert f'id="s-{created["id"]}"' in whole
        assert 'id="asking"' not in whole
        htmx: Any = {"HX-Request": "true"}
        fragment = await ada.page("/subscriptions", **htmx)
        assert f'id="s-{created["id"]}"' in fragment
        # What was seen before is shown meanwhile, and a copy of ours needs no list.
        frame = await ada.page(f"/subscriptions?clone={created['id']}")
        assert f'id="s-{created["id"]}"' in frame
        assert "This is the last known list." in frame
        assert 'value="job.updated" aria-describedby="sends-job.updated" checked' in frame


async def test_what_is_said_once_waits_for_the_whole_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "FRAME_TIMEOUT", 0.05)
    async with world.logged_in() as ada:
        world.sandbox.add_fault("/subscriptions$", method="GET", delay=0.5)
        form = {"events": "job.created", "csrf": await ada.csrf()}
        async with ada.request("POST", "/subscriptions", data=form) as answer:
            assert answer.status == 303
        for query in ("", "?wait=1"):
            page = await ada.page(f"/subscriptions{query}")
            assert "<div>The subscription was created." in page
            assert "Next: activate it." in page
        assert "<div>The subscription was created." not in await ada.page("/subscriptions?wait=1")
