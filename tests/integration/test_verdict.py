"""The page explains a signature: what was signed, with which key, how far apart clocks are."""

import re
from html import unescape

import pytest
from srhooks.domain.clock import now_ms
from srhooks.protocol.signature import sign

from tests.support.harness import Browser, World

HOUR = 3_600_000  # ms
BODY = b'{"id": "<b>1</b>"}'


async def shown(ada: Browser) -> str:
    """The section on the signature of the newest notification, as text."""
    (newest, *_) = await ada.notifications()
    html = await ada.page(f"/notifications/{newest['id']}")
    section = html[html.index('id="d-signature"') :]
    section = section[: section.index("</section>")]
    text = unescape(re.sub(r"<[^>]+>", " ", section))
    return f"{newest['signature']} {newest['entity']['status']}: {' '.join(text.split())}"


async def send(world: World, hook: str, *keys: str, at: int | None = None, parts: str = "") -> None:
    """A notification signed with the keys at a time (ms); `parts` goes before the signatures."""
    headers = {
        "smartrecruiters-timestamp": str((at or now_ms()) // 1000),
        "event-id": f"e{now_ms()}", "event-name": "job.created", "event-version": "v1",
    }  # fmt: skip
    signatures = ";".join(sign(key, headers, BODY) for key in keys)
    headers["smartrecruiters-signature"] = parts + signatures
    assert await world.notify(hook, BODY, **headers) == 202


@pytest.fixture
async def hook(world: World) -> str:
    async with world.logged_in() as ada:
        created = await ada.subscribe("job.created")
    return str(created["hookId"])


async def key_of(world: World, hook: str) -> str:
    entry = await world.services.hooks.get(hook)
    assert entry is not None
    return entry.live_keys()[0]


async def replace_keys(world: World, hook: str, age: int) -> None:
    """As a rotation that was made so many hours ago."""
    store = world.services.store
    await store.add_key(hook, world.services.vault.seal("newer"), now_ms() - age * HOUR)
    world.services.hooks.forget(hook)


async def test_what_was_signed_and_with_which_key(world: World, hook: str) -> None:
    async with world.logged_in() as ada:
        key = await key_of(world, hook)
        await send(world, hook, key)
        text = await shown(ada)
        assert text.startswith("valid none:")
        assert '.{"id": "<b>1</b>"}.e' in text
        assert ".job.created.v1." in text
        assert "the key of 20" in text
        assert "replayed" not in text
        await send(world, hook, "wrong", key, parts="v2=0123;odd;")
        assert (await shown(ada)).startswith("valid ")
        await send(world, hook, "wrong")
        text = await shown(ada)
        assert text.startswith("invalid ")
        assert "none matched, 1 known" in text


@pytest.mark.parametrize(
    ("age", "verdict", "words"),
    [
        (23, "valid", "which had been replaced and counted for 24 hours more"),
        (25, "invalid", "which no longer counted: it had been replaced more than 24 hours before"),
    ],
)
async def test_a_replaced_key_counts_for_a_day(
    world: World, hook: str, age: int, verdict: str, words: str
) -> None:
    async with world.logged_in() as ada:
        key = await key_of(world, hook)
        await replace_keys(world, hook, age)
        await send(world, hook, key)
        text = await shown(ada)
        assert text.startswith(f"{verdict} ")
        assert words in text
        await send(world, hook, "newer")
        assert (await shown(ada)).startswith("valid ")


async def test_a_key_replaced_later_is_said_to_be(world: World, hook: str) -> None:
    async with world.logged_in() as ada:
        await send(world, hook, await key_of(world, hook))
        await replace_keys(world, hook, 0)
        assert "since replaced" in await shown(ada)


@pytest.mark.parametrize(
    ("seconds", "clock", "stale"),
    [(0, "", False), (-200, "200 s|3 min", False), (-400, "7 min behind", True),
     (400, "7 min ahead of", True), (-90_000, "25 h behind", True)],
)  # fmt: skip
async def test_a_time_far_from_ours_is_shown_as_stale(
    world: World, hook: str, seconds: int, clock: str, stale: bool
) -> None:
    async with world.logged_in() as ada:
        await send(world, hook, await key_of(world, hook), at=now_ms() + seconds * 1000)
        text = await shown(ada)
        assert text.startswith("valid ")
        assert ("an old request may have been replayed" in text) == stale
        assert re.search(clock, text)
