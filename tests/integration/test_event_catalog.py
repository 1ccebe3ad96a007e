"""`GET /events` and `/asyncapi.json`."""

import json
from pathlib import Path

from srhooks.protocol.event_types import KNOWN

from tests.support.harness import World
from tests.support.json_schema import validator

# The AsyncAPI initiative's JSON Schema of version 3.0.0 (package @asyncapi/specs, Apache-2.0), less
# its descriptions and examples. Their parser, which needs Node, finds the same document valid.
SCHEMA = json.loads(
    (Path(__file__).parent.parent / "data" / "asyncapi-3.0.0.schema.json").read_text()
)


async def test_the_catalog_as_json(world: World) -> None:
    async with world.logged_in() as ada, world.nobody() as nobody:
        await nobody.json("GET", "/events", status=401)
        found = await ada.json("GET", "/events")
    assert {event["name"] for event in found["events"]} == KNOWN
    for event in found["events"]:
        assert event["family"] == event["name"].partition(".")[0]
        assert event["scope"] is not None or event["family"] == "onboarding"
        assert event["headers"]["event-name"] == event["name"]
        assert event["body"]
        assert event["entity"]


async def test_what_the_login_may_read_is_told(world: World) -> None:
    async with world.logged_in() as ada:  # with the default scopes
        found = (await ada.json("GET", "/events"))["events"]
        readable = {event["name"]: event["readable"] for event in found}
        assert readable["job.created"] is True
        assert readable["offer.created"] is False
        assert readable["onboarding.process.started"] is None
        page = await ada.page("/events")
        assert "scope candidates_offers_read missing" in page


async def test_the_catalog_as_a_page(world: World) -> None:
    async with world.logged_in() as ada:
        page = await ada.page("/events")
        for name in KNOWN:
            assert f'id="{name}"' in page
        assert "candidates_offers_read" in page
        assert "not publicly known" in page
        assert 'href="/events"' in await ada.page("/notifications")


async def test_the_asyncapi_document_is_valid(world: World) -> None:
    async with world.nobody() as nobody:
        document = await nobody.json("GET", "/asyncapi.json")
    known = validator(SCHEMA)
    known.validate(document)
    assert set(document["components"]["messages"]) == KNOWN
    for message in document["components"]["messages"].values():
        for example in message["examples"]:
            validator(message["payload"]).validate(example["payload"])
    broken = document | {"operations": {"receive": {"action": "listen"}}}
    assert list(known.iter_errors(broken)), "the schema can refuse a document"
