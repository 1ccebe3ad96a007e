"""The timeline of one thing: in order, complete, with what changed, and with nothing of others."""

import json
from typing import Any

import pytest

from tests.support.erasing import hook_of, settled
from tests.support.harness import Browser, World

JOB, ADA, BEN = "job-1", "cand-ada", "cand-ben"


async def post(
    world: World, hook: str, body: Any, event: str, sent: int | None = None, link: str = ""
) -> None:
    headers = {"event-name": event}
    if sent is not None:
        headers["smartrecruiters-timestamp"] = str(sent)
    if link:
        headers["link"] = f"<{link}>; rel=self"
    assert await world.notify(hook, json.dumps(body).encode(), **headers) == 202


def events(timeline: dict[str, Any]) -> list[str]:
    return [entry["notification"]["eventName"] for entry in timeline["entries"]]


async def test_a_timeline_is_in_the_order_in_which_things_were_sent(
    world: World, ada: Browser
) -> None:
    one, two = await hook_of(world), await hook_of(world)
    await post(world, one, {"id": JOB}, "job.third", 3000)
    await post(world, two, {"job_id": JOB}, "position.first", 1000)
    await post(world, one, {"jobId": JOB}, "x.second", 2000)
    await post(world, two, {"x": 1}, "y.second", 2000, f"/jobs/{JOB}/positions/p1")
    await post(world, one, {"job_id": JOB}, "now")
    await post(world, one, {"id": "job-2"}, "job.other", 1500)
    await post(world, one, {"name": JOB}, "no.id", 1500)
    found = await ada.json("GET", f"/entities/job/{JOB}")
    assert events(found) == ["position.first", "x.second", "y.second", "job.third", "now"]
    assert (found["kind"], found["id"], found["next"]) == ("job", JOB, None)
    assert found["related"] == [{"kind": "position", "id": "p1"}]
    whole: list[Any] = []
    url: Any = f"/entities/job/{JOB}?limit=2"
    for _ in range(3):
        page = await ada.json("GET", url)
        assert 1 <= len(page["entries"]) <= 2
        whole += page["entries"]
        url = page["next"]
    assert url is None
    assert whole == found["entries"]


async def test_each_state_tells_what_changed(world: World, ada: Browser) -> None:
    hook = await hook_of(world)
    link = f"/candidates/{ADA}/jobs/{JOB}"
    body = {"candidate_id": ADA, "job_id": JOB, "application_id": "a1"}
    person = {"id": ADA, "firstName": "Ada", "lastName": "Byron"}
    world.sandbox.add_fault(f"^/candidates/{ADA}$", status=200, body=person)
    for count, status in enumerate(("NEW", "IN_REVIEW", "INTERVIEW")):
        world.sandbox.clear_faults()
        world.sandbox.add_fault(f"^/candidates/{ADA}$", status=200, body=person)
        world.sandbox.add_fault(f"^{link}$", status=200, body={"status": status})
        await post(world, hook, body, "application.status.updated", 100 + count, link)
        await settled(ada, count + 1)
    await post(world, hook, {"id": ADA}, "candidate.created", 50, f"/candidates/{ADA}")
    await settled(ada, 4)
    found = await ada.json("GET", f"/entities/candidate/{ADA}")
    assert events(found) == ["candidate.created"] + ["application.status.updated"] * 3
    assert [entry["changes"] for entry in found["entries"]] == [
        [], [],
        [{"field": "status", "before": "NEW", "now": "IN_REVIEW"}],
        [{"field": "status", "before": "IN_REVIEW", "now": "INTERVIEW"}],
    ]  # fmt: skip
    assert found["title"] == "Ada Byron"
    assert found["related"] == [{"kind": "job", "id": JOB}, {"kind": "application", "id": "a1"}]
    page = await ada.page(f"/entities/candidate/{ADA}")
    assert "In review</bdi>" in page
    assert "Interview</bdi>" in page
    assert f'href="/entities/job/{JOB}"' in page
    application = await ada.json("GET", "/entities/application/a1")
    assert events(application) == ["application.status.updated"] * 3
    assert application["title"] == "Ada Byron"


async def test_what_is_known_to_be_the_candidates_belongs_to_the_timeline(
    world: World, ada: Browser
) -> None:
    hook = await hook_of(world)
    for candidate, n in ((ADA, "1"), (BEN, "2")):
        body = {"candidate_id": candidate, "application_id": f"a{n}"}
        await post(world, hook, body, "application.created", 10)
        body = {"application_id": f"a{n}", "review_id": f"r{n}"}
        await post(world, hook, body, "review.created", 20)
        await post(world, hook, {"review_id": f"r{n}"}, "review.updated", 30)
    found = await ada.json("GET", f"/entities/candidate/{ADA}")
    assert events(found) == ["application.created", "review.created", "review.updated"]
    assert found["related"] == [
        {"kind": "application", "id": "a1"}, {"kind": "review", "id": "r1"},
    ]  # fmt: skip
    await ada.json("POST", "/candidates/erase", json={"candidateId": ADA, "confirm": True})
    for path in (f"/entities/candidate/{ADA}", "/entities/application/a1", "/entities/review/r1"):
        await ada.json("GET", path, status=404)
    assert len((await ada.json("GET", f"/entities/candidate/{BEN}"))["entries"]) == 3


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/entities/candidate/nobody", 404),
        ("/entities/person/x", 404),
        ("/entities/new-hire/x", 404),
        ("/entities/job/" + "x" * 201, 404),
        ("/entities/job/j?limit=0", 400),
        ("/entities/job/j?limit=201", 400),
        ("/entities/job/j?after=1", 400),
        ("/entities/job/j?after=x-0000000000000", 400),
        ("/entities/job/j?after=99999999999999999-0000000000000", 400),
    ],
)
async def test_what_has_no_timeline(ada: Browser, path: str, status: int) -> None:
    await ada.json("GET", path, status=status)
    assert "<h1>" in await ada.page(path, status=status)


async def test_odd_ids_have_timelines_too(world: World, ada: Browser) -> None:
    hook = await hook_of(world)
    for odd in ("a/b", "a b", "ä?#&", "<i>", "\u202eid"):
        await post(world, hook, {"job_id": odd}, "job.x")
        (n, *_) = await ada.notifications()
        page = await ada.page(f"/notifications/{n['id']}")
        address = page.partition('<a href="/entities/job/')[2].partition('"')[0]
        assert (await ada.json("GET", f"/entities/job/{address}"))["id"] == odd
        assert "<i>" not in await ada.page(f"/entities/job/{address}")


async def test_another_users_things_are_unknown(world: World, ada: Browser) -> None:
    await post(world, await hook_of(world), {"id": JOB}, "job.created")
    await ada.json("GET", f"/entities/job/{JOB}")
    async with world.logged_in("Grace") as grace:
        await grace.json("GET", f"/entities/job/{JOB}", status=404)
        assert (await grace.page("/notifications?q=job")).count("/entities/") == 0
    async with world.nobody() as nobody:
        await nobody.json("GET", f"/entities/job/{JOB}", status=401)


async def test_rows_searches_and_details_lead_to_timelines(world: World, ada: Browser) -> None:
    hook = await hook_of(world)
    world.sandbox.add_fault(f"^/jobs/{JOB}$", status=200, body={"id": JOB, "title": "Head Chef"})
    await post(world, hook, {"id": JOB}, "job.created", None, f"/jobs/{JOB}")
    (n,) = await settled(ada, 1)
    (user_id,) = await world.services.store.user_ids()
    await world.services.indexer.catch_up(user_id)
    link = f'"/entities/job/{JOB}"'
    assert f'<form class="story" action={link}>' in await ada.page("/notifications")
    assert f"<a href={link}><bdi>Head Chef</bdi></a>" in await ada.page(f"/notifications/{n['id']}")
    for text in ("chef", "HEAD", JOB):
        assert f"<a href={link}><bdi>Head Chef</bdi></a>" in await ada.page(
            f"/notifications?q={text}"
        )
    for text in ("%25", "_hef", "x"):
        assert "Timelines:" not in await ada.page(f"/notifications?q={text}")
