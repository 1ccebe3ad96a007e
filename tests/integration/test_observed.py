"""What an operator sees: one log line for each notification, and a metric for every stage."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.harness import DEADLINE, Browser, World, eventually
from tests.support.process import process

PLANTED = "Zebedee Quux"


def notes(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines()]


async def test_one_line_for_each_notification_and_nothing_of_a_candidate(tmp_path: Path) -> None:
    async with process(tmp_path) as program:
        await program.start(LOG_FORMAT="json")
        async with program.world.logged_in() as ada:
            hook = (await ada.subscribe("candidate.created", active=False))["hookId"]
            body = json.dumps({"name": PLANTED}).encode()
            more = {"event_id": PLANTED, "x_name": PLANTED, "event_name": "candidate.created"}
            link = f"<{program.settings.api_url}/candidates/{PLANTED.replace(' ', '-')}>; rel=self"
            for request_id in ("from-the-proxy.1", PLANTED, "x" * 65):
                status = await program.world.notify(
                    hook, body, x_request_id=request_id, link=link, **more
                )
                assert status == 202
            await ada.page(f"/notifications?q={PLANTED}")
            async with ada.request("GET", "/", headers={"X-Request-Id": "mine"}) as answer:
                assert answer.headers["X-Request-Id"] == "mine"
            async with ada.request("POST", f"/hooks/{hook}", headers={"X-Request-Id": "mine"}) as a:
                assert "X-Request-Id" not in a.headers
        assert (await program.terminate())[0] == 0
        text = program.log.read_text(encoding="utf-8")
        found = notes(text)
        lines = [note for note in found if note["message"] == "notification"]
        assert [note["duplicate"] for note in lines] == [False, True, True, False]
        first = lines[0]
        assert first["level"] == "INFO"
        assert first["request"] == "from-the-proxy.1"
        assert (first["event"], first["signature"]) == ("candidate.created", "unsigned")
        assert len({note["request"] for note in lines}) == 4
        assert {"time", "logger", "notification", "ms"} <= set(first)
        assert "Zebedee" not in text
        assert "Quux" not in text
        assert not any("/notifications" in json.dumps(note) for note in found)  # no access log
        program.log.unlink()
        await program.start(LOG_FORMAT="console")
        await program.world.notify(hook, body, x_request_id="on-the-console", **more)
        assert (await program.terminate())[0] == 0
        (line,) = [
            one
            for one in program.log.read_text(encoding="utf-8").splitlines()
            if "notification=" in one
        ]
        assert "request=on-the-console" in line
        assert "INFO" in line


async def measured(browser: Browser) -> dict[str, float]:
    """Every sample, by its name and labels."""
    async with browser.request("GET", "/metrics") as answer:
        text = await answer.text()
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.parametrize("name", ["job.created"])
async def test_every_stage_is_measured(name: str, world: World) -> None:
    async with world.logged_in() as ada, ada.live() as page:
        hook = (await ada.subscribe(name))["hookId"]
        world.sandbox.expire_access_tokens()
        await world.fire(name)
        assert await world.notify(hook, event_id="e") == 202
        assert await world.notify(hook, event_id="e") == 202
        assert await world.notify(hook + "0") == 404
        too_large = io.BytesIO(bytes(world.settings.max_body_bytes + 1))
        async with ada.request("POST", f"/hooks/{hook}", data=too_large) as answer:
            assert answer.status == 413
        close = {"Connection": "close"}  # such an answer is not the one that is ready
        async with ada.request("POST", f"/hooks/{hook}", data=b"{}", headers=close) as answer:
            assert answer.status == 202
        async with ada.request("GET", f"/hooks/{hook}") as answer:
            assert answer.status == 405  # which the route did not answer
        await page.receive_str(timeout=DEADLINE)

        async def fetched() -> bool:  # and the loop's lag, which is measured by the second
            seen = await measured(ada)
            lag = seen["srhooks_event_loop_lag_seconds_count"]
            return lag > 0 and seen.get("srhooks_entities_total fetched") == 1

        await eventually(fetched)
        now = await measured(ada)
    exactly = {
        "srhooks_hook_answers_total 202": 4,
        "srhooks_hook_answers_total 404": 1,
        "srhooks_hook_answers_total 413": 1,
        "srhooks_hook_answers_total 200": 2,  # our own check of the address, and the service's
        f"srhooks_notifications_total {name} valid": 1,
        "srhooks_redeliveries_total": 1,
        "srhooks_intake_seconds_count": 4,
        "srhooks_token_refreshes_total done": 1,
        "srhooks_entity_seconds_count": 1,
        "srhooks_live_viewers": 1,
        "srhooks_store_queue": 0,
        "srhooks_calls_waiting": 0,
        "srhooks_unfinished_body_bytes": 0,
    }
    assert {key: now[key] for key in exactly} == exactly
    assert "srhooks_hook_answers_total 405" not in now
    for key in (
        "srhooks_live_frames_total",
        "srhooks_commit_writes_count",
        "srhooks_commit_seconds_count",
    ):
        assert now[key] > 0, key
