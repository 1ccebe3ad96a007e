"""Erasing reaches all that is about a candidate, and nothing that is about somebody else."""

import json
import time
from typing import Any

import pytest
from srhooks.protocol.signature import SIGNATURE_HEADER, sign

from tests.support.erasing import hook_of, settled
from tests.support.harness import Browser, World, eventually
from tests.support.harness import world as start_world

ADA = "cand-ada-0001"
BEN = "cand-ben-0002"


async def post(
    world: World, hook: str, body: Any, event: str = "", *, key: str | None = None, **more: str
) -> None:
    """A notification, signed where a key is given."""
    raw = json.dumps(body).encode()
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    if event:
        headers["event-name"] = event
    headers.setdefault("smartrecruiters-timestamp", str(int(time.time())))
    if key is not None:
        headers[SIGNATURE_HEADER] = sign(key, headers, raw)
    assert await world.notify(hook, raw, **headers) == 202


async def erase(ada: Browser, candidate_id: Any, status: int = 200, **asked: Any) -> Any:
    asked = asked or {"confirm": True}
    return await ada.json(
        "POST", "/candidates/erase", status=status, json={"candidateId": candidate_id, **asked}
    )


async def left(ada: Browser) -> list[Any]:
    """The bodies that are still there, oldest first."""
    return [n["body"] for n in reversed(await ada.notifications()) if n["body"] != ""]


async def signing_hook(world: World, ada: Browser, *events: str) -> tuple[str, str]:
    created = await ada.subscribe(*(events or ("application.created",)))
    entry = await world.services.hooks.get(created["hookId"])
    assert entry is not None
    return created["hookId"], entry.live_keys()[0]


async def test_nothing_but_a_candidates_id_is_one(world: World, ada: Browser) -> None:
    hook = await hook_of(world)
    entity = {"id": "u1", "firstName": "Ann", "internal": True, "averageRating": 1}
    world.sandbox.add_fault("^/candidates/u1$", status=200, body=entity)
    await post(
        world, hook, {"candidate_id": BEN, "job_id": "jobs", "x": True}, "application.created"
    )
    await post(world, hook, {"id": "j1", "title": BEN}, "job.created")
    await post(world, hook, {"id": "u1"}, "candidate.created", link="</candidates/u1>; rel=self")
    before = await settled(ada, 3)
    for word in ("id", "candidates", "candidate_id", "jobs", "True", "true", "1", "Ann", "j1", " ",
                 "a\nb", "\ud800", "x" * 200):  # fmt: skip
        await erase(ada, word, 404)
        await erase(ada, word, 404, dryRun=True)
    odd: Any
    for odd in (True, 1, None, [], {"a": 1}, "", "x" * 201):
        await erase(ada, odd, 400)
    unasked: dict[str, Any]
    for unasked in ({"confirm": False}, {"confirm": "no"}, {"dryRun": False}, {"x": 1}):
        await erase(ada, BEN, 400, **unasked)
    assert await ada.notifications() == before
    assert await world.services.store.erasures() == []
    assert await erase(ada, "u1") == {"erased": 1}
    assert await left(ada) == [n["body"] for n in before[:0:-1]]


async def test_a_dry_run_tells_whom_and_how_many(world: World, ada: Browser) -> None:
    hook = await hook_of(world)
    entity = {"id": ADA, "firstName": "Ada", "lastName": "Byron"}
    world.sandbox.add_fault(f"^/candidates/{ADA}$", status=200, body=entity)
    await post(world, hook, {"id": ADA}, "candidate.created", link=f"</candidates/{ADA}>; rel=self")
    await post(world, hook, {"candidate_id": ADA, "application_id": "a1"}, "application.created")
    await post(world, hook, {"application_id": "a1", "review_id": "r1"}, "review.created")
    await post(world, hook, {"application_id": "a1", "review_id": "r2"}, "review.created")
    await post(world, hook, {"candidateId": BEN})
    await settled(ada, 5)
    assert await erase(ada, ADA, dryRun=True, confirm=True) == {
        "found": 4, "name": "Ada Byron",
        "byEvent": {"candidate.created": 1, "application.created": 1, "review.created": 2},
    }  # fmt: skip
    assert await erase(ada, BEN, dryRun=True) == {
        "found": 1, "name": None, "byEvent": {"": 1},
    }  # fmt: skip
    assert len(await left(ada)) == 5
    assert (await erase(ada, ADA))["erased"] == 4
    assert await left(ada) == [{"candidateId": BEN}]
    await erase(ada, ADA, 404)
    await erase(ada, ADA, 404, dryRun=True)


async def test_what_is_known_to_be_the_candidates_goes_over_any_number_of_steps(
    world: World, ada: Browser
) -> None:
    hook, key = await signing_hook(world, ada)
    other, other_key = await signing_hook(world, ada, "review.created")
    body: Any
    for candidate, n in ((ADA, "1"), (BEN, "2")):
        body = {"onboarding_process_id": f"o{n}", "new_hire_id": f"h{n}"}
        await post(world, hook, body, "onboarding.process.started", key=key)
        body = {"review_id": f"r{n}", "application_id": f"a{n}"}
        await post(world, other, body, "review.created", key=other_key)
        body = {"job_id": "j", "candidate_id": candidate, "application_id": f"a{n}"}
        await post(world, hook, body, "application.created", key=key)
        body = {"application_id": f"a{n}", "newHire": {"id": f"h{n}"}}
        await post(world, other, body, "hired", key=other_key)
        await post(
            world, hook, {"new_hire_id": f"h{n}"}, "onboarding.assignments.completed", key=key
        )
        await post(world, hook, {"offerId": f"f{n}", "applicationId": f"a{n}"}, "o.x", key=key)
        await post(world, hook, {"offer_id": f"f{n}"}, "offer.updated", key=key)
    await post(world, hook, {"id": "j"}, "job.updated", key=key)
    assert (await erase(ada, ADA))["erased"] == 7
    assert len(await left(ada)) == 8
    assert not any("1" in json.dumps(body).replace("0001", "") for body in await left(ada))
    assert (await erase(ada, BEN, dryRun=True))["found"] == 7


async def test_a_forged_claim_pulls_nobody_elses_along(world: World, ada: Browser) -> None:
    hook, key = await signing_hook(world, ada)
    for candidate, n in ((ADA, "1"), (BEN, "2")):
        body = {"candidate_id": candidate, "application_id": f"a{n}"}
        await post(world, hook, body, "application.created", key=key)
        body = {"application_id": f"a{n}", "review_id": f"r{n}"}
        await post(world, hook, body, "review.created", key=key)
    await post(world, hook, {"candidate_id": ADA, "application_id": "a2"}, "application.created")
    await post(world, hook, {"application_id": "a1", "review_id": "r2"}, "review.created")
    forged = {"candidate_id": ADA, "review_id": "r2"}
    await post(world, hook, forged, "review.created", smartrecruiters_signature="v1=00")
    # Of what no signed one speaks, an unsigned one is believed.
    await post(world, hook, {"application_id": "a1", "interview_id": "i1"}, "interview.created")
    await post(world, hook, {"interview_id": "i1"}, "interview.updated")
    assert (await erase(ada, ADA))["erased"] == 7
    assert await left(ada) == [
        {"candidate_id": BEN, "application_id": "a2"}, {"application_id": "a2", "review_id": "r2"},
    ]  # fmt: skip


async def test_headers_count(world: World, ada: Browser) -> None:
    hook = await hook_of(world)
    await post(world, hook, {"n": 1}, x_candidate_id=ADA)
    await post(world, hook, {"n": 2}, link=f"<https://api.example/candidates/{ADA}/x")
    await post(world, hook, {"n": 3}, x_reference=ADA)
    await post(world, hook, {"n": 4}, x_reference="about " + ADA)
    await post(world, hook, {"n": 5}, x_reference=BEN)
    assert (await erase(ada, ADA))["erased"] == 3
    await erase(ada, BEN, 404)  # no stored candidate has it
    assert await left(ada) == [{"n": 4}, {"n": 5}]
    assert all(ADA not in str(n["headers"]) or n["body"] for n in await ada.notifications())


async def test_very_many_in_one_body_are_found_all_the_same(world: World, ada: Browser) -> None:
    hook = await hook_of(world)
    many = {"candidateIds": [f"someone-{number}" for number in range(2000)]}
    await post(world, hook, many)
    assert (await erase(ada, "someone-1999", dryRun=True))["found"] == 1
    assert (await erase(ada, "someone-1999"))["erased"] == 1
    assert await left(ada) == []


async def test_what_comes_later_is_still_known_to_be_an_erased_candidates(
    world: World, ada: Browser
) -> None:
    hook = await hook_of(world)
    first = {"candidate_id": ADA, "application_id": "a1"}
    await post(world, hook, first, "application.created", event_id="e1")
    assert (await erase(ada, ADA))["erased"] == 1
    later = {"application_id": "a1", "review_id": "r1"}
    await post(world, hook, later, "review.created")
    await post(world, hook, first, "application.created", event_id="e1")  # a re-delivery
    assert (await erase(ada, ADA, dryRun=True))["byEvent"] == {"review.created": 1}
    world.services.eraser.wake()
    assert await left(ada) == [later]
    assert (await erase(ada, ADA))["erased"] == 1
    assert await left(ada) == []


async def test_what_was_sent_before_its_candidate_was_erased_does_not_come_back(
    world: World, ada: Browser
) -> None:
    hook = await hook_of(world)
    await post(world, hook, {"candidate_id": ADA, "application_id": "a1"}, "application.created")
    await erase(ada, ADA)
    (note,) = await world.services.store.erasures()
    await world.services.store.finish_erasure(note)
    before = str(int(time.time()) - 3600)
    lost = {"application_id": "a1", "review_id": "r1"}
    await post(world, hook, lost, "review.created", smartrecruiters_timestamp=before)
    await post(world, hook, {"application_id": "a2"}, "x", smartrecruiters_timestamp=before)

    async def gone() -> bool:
        (user_id,) = await world.services.store.user_ids()
        await world.services.indexer.catch_up(user_id)
        world.services.eraser.wake()
        return await left(ada) == [{"application_id": "a2"}]

    await eventually(gone)


@pytest.mark.parametrize("forged", [False, True])
async def test_a_test_changes_nothing_and_cannot_be_forged(world: World, forged: bool) -> None:
    async with world.logged_in() as ada:
        created = await ada.subscribe("candidate.deleted")
        number, hook = created["id"], created["hookId"]
        entry = await world.services.hooks.get(hook)
        assert entry is not None
        body = {"id": "example", "source": "example"}
        await post(world, hook, body, "candidate.created", key=entry.live_keys()[0])
        if forged:
            proof = "true"
            await post(
                world, hook, {"id": "example"}, "candidate.deleted", key=entry.live_keys()[0],
                srhooks_test=proof,
            )  # fmt: skip
        else:
            assert (await ada.json("POST", f"/subscriptions/{number}/test"))["status"] == 202
        page = await ada.page("/notifications")
        assert ('<span class="badge">test</span>' in page) is not forged
        found = await erase(ada, "example", dryRun=True)
        assert found["byEvent"] == {"candidate.created": 1} | (
            {"candidate.deleted": 1} if forged else {}
        )


async def test_with_automatic_erasing_a_test_erases_nobody(tmp_path: Any) -> None:
    async with (
        start_world(tmp_path, erase_deleted_candidates=True) as world,
        world.logged_in() as ada,
    ):
        created = await ada.subscribe("candidate.deleted")
        hook = created["hookId"]
        entry = await world.services.hooks.get(hook)
        assert entry is not None
        key = entry.live_keys()[0]
        await post(world, hook, {"id": "example"}, "candidate.created", key=key)
        await post(world, hook, {"x": True, "id": "j"}, "job.created", key=key)
        assert (await ada.json("POST", f"/subscriptions/{created['id']}/test"))["status"] == 202
        (test, *_) = await ada.notifications()
        # The same test once more, to another hook: its proof is of that one alone.
        other = (await ada.subscribe("job.created"))["hookId"]
        headers = {name: text for name, text in test["headers"].items() if name != "host"}
        assert await world.notify(other, b'{"id": "example"}', **headers) == 202
        for odd in (True, 1, None, ["example"]):
            await post(world, hook, {"id": odd}, "candidate.deleted", key=key)
        assert await world.services.store.erasures() == []
        assert len(await left(ada)) == 8
        # A deletion is one, whatever header it has.
        await post(
            world, hook, {"id": "example"}, "candidate.deleted", key=key, srhooks_test="true"
        )

        async def gone() -> bool:
            return (await left(ada)).count({"id": "example"}) == 1  # the test itself

        await eventually(gone)
