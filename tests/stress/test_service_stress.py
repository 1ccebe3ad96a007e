"""SmartRecruiters slow, failing or talking nonsense: nothing is lost, and no storm of calls."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from srhooks.domain.backoff import backoff
from srhooks.entities import service_health
from srhooks.maintenance.supervisor import keep_running
from srhooks.observability.metrics import Metrics
from srhooks.smartrecruiters import limiter
from srhooks.smartrecruiters.client import ServiceClient, new_session
from srhooks.smartrecruiters.errors import OddAnswerError, ServiceUnreachableError
from yarl import URL

from tests.support.harness import DEADLINE, Browser, World, eventually

MANY = 30
JSON = {"Accept": "application/json"}


@pytest.fixture
async def ada(world: World) -> AsyncIterator[Browser]:
    async with world.logged_in() as browser:
        await browser.subscribe("job.created")
        yield browser


def calls(world: World, path: str) -> int:
    return sum(one.path.startswith(path) for one in world.sandbox.requests)


async def fire(world: World, count: int = MANY) -> None:
    fired = await asyncio.gather(*(world.fire("job.created") for _ in range(count)))
    assert [one.state for (one,) in fired] == ["delivered"] * count


async def settle(ada: Browser, status: str = "fetched", count: int = MANY) -> None:
    async def settled() -> bool:
        found = await ada.notifications("?limit=200")
        return [one["entity"]["status"] for one in found] == [status] * count

    await eventually(settled, within=40)


async def test_many_at_the_moment_a_token_ends_cost_one_refresh(world: World, ada: Browser) -> None:
    before = calls(world, "/identity/oauth/token")
    world.sandbox.expire_access_tokens()
    await fire(world)
    await settle(ada)
    assert calls(world, "/identity/oauth/token") == before + 1


async def test_an_outage_costs_few_calls_and_loses_nothing(world: World, ada: Browser) -> None:
    world.sandbox.add_fault("^/jobs/", status=500)
    await fire(world)

    async def open_circuit() -> bool:
        return calls(world, "/jobs/") >= 5

    await eventually(open_circuit)
    started = calls(world, "/jobs/")
    # What is tested is how many calls this time costs: the limit alone would allow thirty.
    await asyncio.sleep(3)
    assert calls(world, "/jobs/") - started <= 12  # six may have been under way
    world.sandbox.clear_faults()
    await settle(ada)


async def test_only_a_new_try_makes_the_next_pause_of_an_outage_longer(
    world: World, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[tuple[int, int]] = []

    def short(base: float, limit: float, attempt: int) -> float:
        if limit != service_health.PAUSE_MAX:
            return backoff(base, limit, attempt)
        pauses.append((attempt, calls(world, "/jobs/")))
        return 0.3

    monkeypatch.setattr(service_health, "backoff", short)
    world.sandbox.add_fault("^/jobs/", status=500, delay=0.1)
    await fire(world)

    async def several() -> bool:
        return len(pauses) >= 4

    await eventually(several)
    assert [attempt for attempt, _ in pauses[1:4]] == [pauses[0][0] + n for n in (1, 2, 3)]
    tries = [count for _, count in pauses]
    assert sorted(set(tries)) == tries


async def test_others_that_fail_do_not_hold_up_what_comes_in(
    world: World, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def long(base: float, limit: float, attempt: int) -> float:
        return 600 if limit == service_health.PAUSE_MAX else backoff(base, limit, attempt)

    monkeypatch.setattr(service_health, "backoff", long)
    world.sandbox.add_fault("^/jobs/", status=500)
    await fire(world)

    async def paused() -> bool:
        return any(state.health.paused for state in world.services.fetcher._states.values())

    await eventually(paused)
    await ada.subscribe("candidate.created")
    await world.fire("candidate.created")
    await world.fire("job.created")  # which fails, and is tried before it

    async def fetched() -> bool:
        (found,) = await ada.notifications("?event=candidate.")
        return bool(found["entity"]["status"] == "fetched")

    await eventually(fetched)


async def test_one_call_that_must_wait_long_does_not_hold_up_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limiter, "FIRST_BLOCK", 0.05)
    line = limiter.Limiter()
    for _ in range(2):
        line.observe(429, {}, 600.0)
        async with asyncio.timeout(DEADLINE), line.slot(foreground=False):
            line.observe(200, {}, None)
    for _ in range(12):
        line.observe(429, {}, 600.0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5), line.slot(foreground=False):
            pass


async def test_a_person_need_not_wait_for_a_refresh_that_failed(world: World, ada: Browser) -> None:
    world.sandbox.expire_access_tokens()
    world.sandbox.add_fault("^/identity/oauth/token", status=503, times=1)
    await ada.json("GET", "/subscriptions", status=502)
    await ada.json("GET", "/subscriptions")


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 429, "headers": {"Retry-After": "1"}},
        {"status": 429},
        {"status": 503, "headers": {"Retry-After": "soon"}},
        {"drop": True},
        {"delay": 0.5},
    ],
    ids=str,
)
async def test_whatever_goes_wrong_a_few_times_all_is_fetched_in_the_end(
    fault: dict[str, object], world: World, ada: Browser
) -> None:
    world.sandbox.add_fault("^/jobs/", times=4, **fault)  # type: ignore[arg-type]
    await fire(world, 6)
    await settle(ada, count=6)


async def test_a_refresh_that_fails_is_tried_again_gently(world: World, ada: Browser) -> None:
    before = calls(world, "/identity/oauth/token")
    world.sandbox.expire_access_tokens()
    world.sandbox.add_fault("^/identity/oauth/token", status=500, times=2)
    await fire(world)
    await settle(ada)
    assert calls(world, "/identity/oauth/token") == before + 3


async def test_calls_refused_in_spite_of_a_fresh_token_burn_no_more_of_them(
    world: World, ada: Browser
) -> None:
    before = calls(world, "/identity/oauth/token")
    world.sandbox.add_fault("^(?!/identity/)", status=401)
    await fire(world)
    for _ in range(8):
        async with ada.request("GET", "/subscriptions", headers=JSON) as answer:
            assert answer.status == 401
    assert calls(world, "/identity/oauth/token") - before <= 4
    await settle(ada, "failed")
    world.sandbox.clear_faults()
    assert await ada.json("GET", "/subscriptions")  # the grant lives


def test_waiting_grows_to_its_limit_and_never_overflows() -> None:
    assert [round(max(backoff(1, 60, n) for _ in range(500))) for n in range(5)] == [1, 2, 4, 8, 16]
    assert 30 <= backoff(1, 60, 1_000_000) <= 60


async def test_a_background_task_that_breaks_off_starts_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    metrics = Metrics()
    runs = 0
    enough = asyncio.Event()

    async def fragile() -> None:
        nonlocal runs
        runs += 1
        if runs == 3:
            enough.set()
            await asyncio.Event().wait()  # until it is cancelled
        raise RuntimeError("a defect")

    task = asyncio.create_task(keep_running("fragile", fragile, metrics, first_pause=0.01))
    await asyncio.wait_for(enough.wait(), DEADLINE)
    task.cancel()
    assert caplog.text.count("fragile broke off") == 2
    assert metrics.registry.get_sample_value(
        "srhooks_background_restarts_total", {"task": "fragile"}
    ) == 2  # fmt: skip


@pytest.mark.parametrize(
    ("said", "stays"),
    [
        (b"", True),
        (b"", False),
        (b"HTTP/1.1 200 OK\r\nContent-", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", True),
        (b"\x16\x03\x01 this is no HTTP\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", True),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000, True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"[" * 5_000_000, True),
    ],
)
async def test_half_open_and_broken_connections_end_in_time(said: bytes, stays: bool) -> None:
    gone = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(said)
            await writer.drain()
            if stays:
                await reader.read()
        writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        gone.set()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    async with asyncio.timeout(DEADLINE), server:
        async with new_session() as session:
            with pytest.raises((ServiceUnreachableError, OddAnswerError)):
                await ServiceClient(session, str(url)).send("GET", url, timeout=1.0)
        await gone.wait()
