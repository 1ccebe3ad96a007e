"""One subscription in full: keys, a test, the log; coverage; nothing of others' touched unasked."""

import asyncio
import re
from html import unescape
from typing import Any

from srhooks.protocol.event_types import FAMILIES

from tests.support.harness import DEADLINE, Browser, World


async def post(browser: Browser, path: str, **fields: Any) -> tuple[int, str]:
    """As a form without JavaScript does."""
    data = {"csrf": await browser.csrf(), **fields}
    headers = {"Accept": "text/html"}
    async with browser.request("POST", path, data=data, headers=headers) as answer:
        return answer.status, answer.headers.get("Location") or await answer.text()


def foreign(world: World, first_name: str = "Ada", **more: Any) -> str:
    """A subscription of the same person that another system made; its id."""
    asked = {"callbackUrl": "https://other.example/in", "events": ["job.created"], **more}
    base = world.settings.api_url
    return world.sandbox.subscriptions.create(world.person(first_name), base, asked).id


async def test_a_rotated_key_is_shown_once_and_the_old_one_still_counts(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
        old = world.sandbox.subscriptions.by_id[created["id"]].signing_keys()[0]
        status, where = await post(ada, f"/subscriptions/{created['id']}/secret-key")
        assert (status, where) == (303, f"/subscriptions/{created['id']}#key-title")
        async with world.logged_in() as again:  # another session of the same person's
            assert "shown this once" not in await again.page(where)
        page = await ada.page(where)
        new = world.sandbox.subscriptions.by_id[created["id"]].signing_keys()[0]
        assert new != old
        assert new in page
        assert old not in page
        assert "valid for another <strong data-until=" in page
        later = await ada.page(f"/subscriptions/{created['id']}")
        assert new not in later
        assert "data-until" in later
        await world.fire("job.created")
        assert [one["signature"] for one in await ada.notifications()] == ["valid"]
        answer = await ada.json("POST", f"/subscriptions/{created['id']}/secret-key", status=201)
        assert answer["secretKey"] not in (old, new)


async def test_a_test_notification_goes_the_whole_way(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("offer.created", "job.created")
        status, where = await post(ada, f"/subscriptions/{created['id']}/test")
        assert (status, where) == (303, f"/subscriptions/{created['id']}#test-title")
        page = await ada.page(where)
        assert "It arrived: 202" in page
        (n,) = await ada.notifications()
        assert (n["eventName"], n["signature"], n["link"]) == ("offer.created", "valid", None)
        assert n["headers"]["srhooks-test"] == "true"
        assert '<span class="badge">test</span>' in await ada.page("/notifications")
        result = await ada.json("POST", f"/subscriptions/{created['id']}/test")
        assert result["status"] == 202


async def test_coverage_shows_gaps_and_duplicates(world: World) -> None:
    async with world.logged_in() as ada:
        first = await ada.subscribe("job.created", "job.updated")
        second = await ada.subscribe("job.created")
        await ada.subscribe("review.created", active=False)
        other = foreign(world)
        found = await ada.json("GET", "/subscriptions/coverage")
        assert found["duplicates"] == ["job.created"]
        assert set(found["events"]["job.created"]) == {first["id"], second["id"], other}
        assert "job.updated" not in found["gaps"]
        assert "review.created" in found["gaps"]  # inactive: nothing arrives
        page = await ada.page("/subscriptions/coverage")
        assert page.count(">duplicate<") == 1
        assert f"{len(found['gaps'])} events without a subscription" in page
        assert re.findall(r'<th scope="col">(\w+)</th>', page) == ["Event", "Here"]
        (way,) = re.findall(r'href="(/subscriptions\?events=[^"]+)#new"', page)
        page = await ada.page(unescape(way))
        chosen = re.findall(r'name="events" value="([^"]+)"[^>]* checked>', page)
        assert set(chosen) == set(found["gaps"])
        await ada.subscribe(*found["gaps"])
        assert "Subscribe to these events" not in await ada.page("/subscriptions/coverage")


async def test_a_clone_starts_with_what_the_original_has(world: World) -> None:
    async with world.logged_in() as ada:
        authentication = {"type": "header", "headerName": "X-Key", "headerValue": "s3cret-value"}
        created = await ada.subscribe(
            "job.created", "offer.created", alertingEmailAddress="a@b.test",
            callbackAuthentication=authentication,
        )  # fmt: skip
        page = await ada.page(f"/subscriptions?clone={created['id']}")
        for event in ("job.created", "offer.created"):
            assert re.search(f'value="{event}" aria-describedby="sends-{event}[^"]*" checked', page)
        assert page.count('name="events"') - page.count("checked>") > 10
        assert "Enter the alert address and the authentication again" in page
        assert "s3cret-value" not in page
        assert "authentication again" not in await ada.page("/subscriptions")


async def test_a_family_is_chosen_as_a_whole_without_javascript(world: World) -> None:
    async with world.logged_in() as ada:
        status, _ = await post(ada, "/subscriptions", families="review", events="job.created")
        assert status == 303
        (one,) = (await ada.json("GET", "/subscriptions"))["subscriptions"]
        names = [event["name"] for event in one["events"]]
        assert sorted(names) == sorted(["job.created", *FAMILIES["review"]])


async def test_others_webhooks_are_not_touched_without_a_question(world: World) -> None:
    async with world.logged_in() as ada:
        number = foreign(world)
        page = await ada.page("/subscriptions")
        assert f'<form method="get" action="/subscriptions/{number}/activation"' in page
        assert "Activate all the same" in await ada.page(f"/subscriptions/{number}/activation")
        assert world.sandbox.subscriptions.by_id[number].handshake == "never tried"
        for what in ("secret-key", "test"):
            await ada.json("POST", f"/subscriptions/{number}/{what}", status=404)
        assert world.sandbox.subscriptions.by_id[number].signing_keys() == []


async def test_a_question_tells_what_it_is_about(world: World) -> None:
    async with world.logged_in() as ada:
        mine = f"/subscriptions/{(await ada.subscribe('offer.created', 'job.created'))['id']}"
        other = f"/subscriptions/{foreign(world)}"
        page = await ada.page(f"{mine}/delete?from=its-page")
        assert "<h1><bdi>Delete the subscription to offer.created, job.created?</bdi></h1>" in page
        assert "another system" not in page
        assert f'href="{mine}">Cancel' in page
        page = await ada.page(f"{other}/delete")
        assert "<h1><bdi>Delete the subscription to job.created?</bdi></h1>" in page
        assert "This webhook belongs to another system, at https://other.example/in." in page
        assert f'href="{other.replace("/subscriptions/", "/subscriptions#s-")}">Cancel' in page
        page = await ada.page(f"{other}/activation?from=its-page")
        assert "<h1><bdi>Activate the subscription to job.created?</bdi></h1>" in page
        assert "This webhook belongs to another system, at https://other.example/in." in page
        assert f'href="{other}">Cancel' in page
        page = await ada.page(f"{mine}/secret-key")
        assert (
            "<h1><bdi>Rotate the key of the subscription to offer.created, job.created?</bdi></h1>"
            in page
        )
        assert f'href="{mine}#key-title">Cancel' in page
        await ada.page(f"{other}/secret-key", status=404)
        await ada.page("/subscriptions/unknown/delete", status=404)
        for path in (mine, other):  # where the answers lead to
            assert '<input type="hidden" name="from" value="its-page">' in await ada.page(path)
        assert 'name="from"' not in await ada.page("/subscriptions")


async def test_the_questions_are_asked_while_the_service_does_not_answer(world: World) -> None:
    async with world.logged_in() as ada:
        mine = f"/subscriptions/{(await ada.subscribe('job.created'))['id']}"
        other = f"/subscriptions/{foreign(world)}"
        world.sandbox.add_fault("/subscriptions", status=503)
        for path, is_ours in ((mine, True), (other, False)):
            for what in ("delete", "activation"):
                page = await ada.page(f"{path}/{what}")
                assert " this subscription?</bdi></h1>" in page
                assert ("This webhook belongs to another system." not in page) is is_ours
        world.sandbox.clear_faults()
        world.sandbox.add_fault("/subscriptions", status=200, delay=9)
        async with asyncio.timeout(8):
            assert "Rotate the key of this subscription?" in await ada.page(f"{mine}/secret-key")


async def test_the_token_of_a_form_is_in_no_address(world: World) -> None:
    async with world.logged_in() as ada:
        await ada.subscribe("job.created", active=False)
        number = foreign(world)
        for path in ("/subscriptions", f"/subscriptions/{number}", "/notifications", "/account"):
            page = await ada.page(path)
            for form in re.findall(r"<form.*?</form>", page, re.DOTALL):
                assert ('name="csrf"' in form) is ('method="post"' in form), (path, form)


async def test_every_card_of_the_answer_leads_to_its_page(world: World) -> None:
    async with world.logged_in() as ada:
        number = (await ada.subscribe("job.created", active=False))["id"]
        headers = {"Accept": "text/html", "HX-Request": "true", "Origin": ada.base}
        path = f"/subscriptions/{number}/activation"
        async with ada.request("POST", path, headers=headers) as answer:
            assert f'href="/subscriptions/{number}">Details' in await answer.text()


async def test_another_persons_subscription_is_unknown(world: World) -> None:
    async with world.logged_in() as ada, world.logged_in("Grace") as grace:
        created = await ada.subscribe("job.created")
        path = f"/subscriptions/{created['id']}"
        await grace.json("GET", path, status=404)
        await grace.json("GET", f"{path}/callbacks-log", status=404)
        for what in ("secret-key", "test"):
            await grace.json("POST", f"{path}/{what}", status=404)
        async with world.nobody() as nobody:
            await nobody.json("GET", path, status=401)
            await nobody.json("POST", f"{path}/secret-key", status=401)


async def test_the_steps_of_a_handshake_are_pushed_as_they_happen(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created", active=False)
        async with ada.live("?view=subscriptions") as socket:
            await ada.json("POST", f"/subscriptions/{created['id']}/activation", status=204)
            text = ""
            async with asyncio.timeout(DEADLINE):
                while "SmartRecruiters activated it" not in text:
                    text += await socket.receive_str()
            assert f'id="steps-{created["id"]}"' in text
            assert "Handshake received from 127.0.0.1" in text
        page = await ada.page("/subscriptions")
        assert page.index("was asked to activate") < page.index("Handshake received from 127.0.0.1")


async def test_a_handshake_that_fails_says_why(world: World) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created", active=False)
        world.sandbox.add_fault("/activation", method="PUT", status=400, body={"message": "No!"})
        await ada.json("POST", f"/subscriptions/{created['id']}/activation", status=400)
        page = await ada.page(f"/subscriptions/{created['id']}")
        assert '<li class="bad">' in page
        assert "No!" in page
