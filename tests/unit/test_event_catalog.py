"""The catalog of events: complete, and in step with the sandbox and the vendor's schemas."""

import json

import pytest
from srhooks.protocol.event_catalog import EVENT_TYPES, EXAMPLE_KEY, EventType
from srhooks.protocol.event_types import FAMILIES, KNOWN
from srhooks.protocol.scopes import needed_scope
from srhooks.protocol.signature import SIGNATURE_HEADER, matching_key
from srhooks.sandbox.changes import CHANGES, create_world
from srhooks.sandbox.people import company_people
from srhooks.sandbox.scopes import scopes_for

from tests.support.vendor_shapes import BODIES, ENTITIES, SHAPES, faults

EVENTS = list(EVENT_TYPES.values())


def test_there_are_50_events_in_8_families() -> None:
    assert len(EVENTS) == 50
    assert len(FAMILIES) == 8
    assert set(EVENT_TYPES) == KNOWN == set(CHANGES)
    assert len({event.meaning for event in EVENTS}) > 45


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_the_example_is_what_the_service_would_send(event: EventType) -> None:
    body = event.example_body()
    raw = json.dumps(body, separators=(",", ":")).encode()
    headers = event.example_headers(raw)
    assert matching_key([EXAMPLE_KEY], headers, raw, headers[SIGNATURE_HEADER]) == 0
    if event.family != "interview":
        shape = BODIES[max((head for head in BODIES if event.name.startswith(head)), key=len)]
        assert list(faults(body, shape)) == []
        assert set(event.fields) == set(SHAPES[shape]["fields"])
    link = headers["link"].removeprefix("<").removesuffix(">; rel=self")
    assert "{" not in link
    path = link.removeprefix("https://api.smartrecruiters.com")
    scopes = scopes_for("GET", path)
    assert event.scope == needed_scope(event.name)
    assert event.scope in {scopes[0], None}, "the sandbox asks for the same scope"


@pytest.mark.parametrize("name", ENTITIES)
def test_the_example_entity_has_the_vendors_fields(name: str) -> None:
    assert list(faults(EVENT_TYPES[name].example_entity(), ENTITIES[name])) == []


def test_the_sandbox_sends_the_bodies_and_links_of_the_catalog() -> None:
    world = create_world(company_people(), 5)
    for event in EVENTS:
        change = CHANGES[event.name](world, None)
        assert set(change.body) == set(event.fields), event.name
        known = {"id": change.body.get("id")} | change.body
        path = event.path.format_map(known)
        assert path == change.path, event.name
