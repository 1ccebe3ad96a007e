"""Rate limits and faults on order."""

import asyncio
import time
from typing import Any

import aiohttp
import pytest
from srhooks.sandbox.faults import FaultError
from srhooks.sandbox.limits import RateLimiter

from tests.support.sandbox_fixtures import REDIRECT_URI, code_of, running

ME = "/user-api/v201804/users/me"


async def test_more_than_ten_a_second_are_refused() -> None:
    async with running(rate_limit=10) as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        answers = [await ada.call("GET", ME) for _ in range(12)]
        assert [one.status for one in answers] == [200] * 10 + [429] * 2
        assert answers[0].headers["X-RateLimit-Limit"] == "10"
        remaining = [int(one.headers["X-RateLimit-Remaining"]) for one in answers]
        assert remaining == [*range(9, -1, -1), 0, 0]
        assert answers[0].headers["X-RateLimit-Concurrent-Limit"] == "8"
        assert answers[0].headers["X-RateLimit-Concurrent-Remaining"] == "7"
        assert answers[-1].json["message"] == "Too many requests"
        grace = await client.log_in(sandbox.people[1])
        assert (await grace.call("GET", ME)).status == 200, "limits are per credential"


async def test_errors_carry_the_limits_too() -> None:
    async with running(rate_limit=10) as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        for answer in (
            await ada.call("GET", "/jobs/none"),
            await client.call("GET", ME),
            await ada.call("PUT", "/jobs"),
        ):
            assert answer.status in (401, 404, 405)
            assert "X-RateLimit-Remaining" in answer.headers


async def test_more_than_eight_at_a_time_are_refused() -> None:
    async with running(rate_limit=1000, latency=0.2) as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        answers = await asyncio.gather(*(ada.call("GET", ME) for _ in range(12)))
        statuses = sorted(one.status for one in answers)
        assert statuses == [200] * 8 + [429] * 4
        assert (await ada.call("GET", ME)).status == 200


async def test_candidates_are_listed_one_at_a_time() -> None:
    async with running(rate_limit=1000, latency=0.2) as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        answers = await asyncio.gather(*(ada.call("GET", "/candidates") for _ in range(3)))
        assert sorted(one.status for one in answers) == [200, 429, 429]


async def test_without_limits_there_are_no_limits() -> None:
    async with running(rate_limit=0, latency=0.05) as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        answers = await asyncio.gather(*(ada.call("GET", ME) for _ in range(40)))
        assert {one.status for one in answers} == {200}


def test_the_window_slides() -> None:
    limiter = RateLimiter(rate=2, concurrent=0)
    for _ in range(2):
        limiter.leave(limiter.enter("a", "GET", "/jobs"))
    assert not limiter.enter("a", "GET", "/jobs").allowed
    limiter.lanes["a"].times[0] -= 1.0
    assert limiter.enter("a", "GET", "/jobs").allowed
    assert not limiter.enter("a", "GET", "/jobs").allowed


def test_idle_credentials_are_forgotten() -> None:
    limiter = RateLimiter(rate=10, concurrent=8)
    for number in range(1000):
        limiter.leave(limiter.enter(f"c{number}", "GET", "/"))
        limiter.lanes[f"c{number}"].times[0] -= 2.0
    busy = limiter.enter("busy", "GET", "/")
    limiter.enter("late", "GET", "/")
    assert set(limiter.lanes) == {"busy", "late"}
    limiter.leave(busy)


async def test_a_fault_strikes_as_often_as_ordered() -> None:
    async with running() as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        sandbox.add_fault(
            "^/user-api/", method="get", times=2, status=429, headers={"Retry-After": "7"}
        )
        answers = [await ada.call("GET", ME) for _ in range(3)]
        assert [one.status for one in answers] == [429, 429, 200]
        assert answers[0].headers["Retry-After"] == "7"
        assert answers[0].json["message"]
        assert sandbox.faults.rules == []
        assert [one.status for one in sandbox.requests][-3:] == [429, 429, 200]


async def test_faults_hit_their_path_and_method_alone() -> None:
    async with running() as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        sandbox.add_fault("^/jobs$", method="POST", status=500)
        assert (await ada.call("GET", "/jobs")).status == 200
        assert (await ada.call("GET", ME)).status == 200
        sandbox.add_fault("^/jobs$", status=500)
        assert (await ada.call("GET", "/jobs")).status == 500
        sandbox.clear_faults()
        assert (await ada.call("GET", "/jobs")).status == 200


async def test_a_garbage_body() -> None:
    async with running() as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        sandbox.add_fault(ME, body="{<not json", headers={"Content-Type": "text/html"})
        answer = await ada.call("GET", ME)
        assert (answer.status, answer.text) == (200, "{<not json")
        assert answer.headers["Content-Type"].startswith("text/html")
        sandbox.clear_faults()
        sandbox.add_fault(ME, body=["a", 1])
        assert (await ada.call("GET", ME)).json == ["a", 1]


async def test_a_delay_comes_before_the_real_answer() -> None:
    async with running() as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        sandbox.add_fault(ME, delay=0.15)
        started = time.monotonic()
        answer = await ada.call("GET", ME)
        assert time.monotonic() - started >= 0.15
        assert answer.json["id"] == sandbox.people[0].id


async def test_a_connection_dropped_mid_way() -> None:
    async with running() as (sandbox, client):
        ada = await client.log_in(sandbox.people[0])
        sandbox.add_fault(ME, times=1, drop=True)
        with pytest.raises(aiohttp.ClientPayloadError):
            await ada.call("GET", ME)
        assert sandbox.requests[-1].status == 0
        assert (await ada.call("GET", ME)).status == 200


async def test_the_token_endpoint_can_fail_too() -> None:
    async with running() as (sandbox, client):
        code = code_of(await client.allow(sandbox.people[0]))
        sandbox.add_fault("/oauth/token$", times=1, status=503)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
        }
        assert (await client.token_call(**form)).status == 503
        assert (await client.token_call(**form)).status == 200


async def test_rules_that_make_no_sense_are_refused() -> None:
    async with running() as (sandbox, _):
        wrongs: tuple[dict[str, Any], ...] = (
            {"path": "("},
            {"status": 99},
            {"times": 0},
            {"delay": -1.0},
            {"headers": {"X-A": "1\r\nX-B: 2"}},
            {"headers": {"": "1"}},
        )
        for wrong in wrongs:
            with pytest.raises(FaultError):
                sandbox.add_fault(**wrong)
        assert sandbox.faults.rules == []
