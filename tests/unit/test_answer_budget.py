"""Room for answers: taken in order, given back when the answer is sent, refused after a while."""

import asyncio

import pytest
from srhooks.web.http import answer_budget
from srhooks.web.http.answer_budget import AnswerBudget
from srhooks.web.http.errors import OverloadedError


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_who_finds_no_room_waits_in_order() -> None:
    budget = AnswerBudget(100)
    first = await budget.reserve(60)
    order: list[str] = []

    async def wait(name: str, size: int) -> None:
        lease = await budget.reserve(size)
        order.append(name)
        lease.release()

    large = asyncio.create_task(wait("large", 90))
    await settle()
    small = asyncio.create_task(wait("small", 10))  # there is room, but it is not its turn
    await settle()
    assert order == []
    first.shrink(10)
    await asyncio.gather(large, small)
    assert order == ["large", "small"]
    assert budget.in_flight == 10
    first.release()
    first.release()
    assert budget.in_flight == 0


async def test_one_that_is_larger_than_all_room_is_alone() -> None:
    budget = AnswerBudget(100)
    lease = await budget.reserve(1000)
    assert budget.in_flight == 100
    lease.release()
    assert budget.in_flight == 0


async def test_who_waits_too_long_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_budget, "ROOM_TIMEOUT", 0.05)
    budget = AnswerBudget(100)
    lease = await budget.reserve(100)
    patient = asyncio.create_task(budget.reserve(1, patience=10))
    with pytest.raises(OverloadedError):
        await budget.reserve(1)
    assert not patient.done()
    lease.release()
    (await patient).release()
    assert budget.in_flight == 0
    (await budget.reserve(100)).release()


async def test_who_leaves_while_waiting_takes_nothing() -> None:
    budget = AnswerBudget(100)
    lease = await budget.reserve(100)
    leaving = asyncio.create_task(budget.reserve(50))
    staying = asyncio.create_task(budget.reserve(60))
    await settle()
    leaving.cancel()
    lease.release()
    await asyncio.wait({leaving})
    (await staying).release()
    assert budget.in_flight == 0


async def test_a_request_gives_back_when_its_task_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    budget = AnswerBudget(100)

    async def request() -> int:
        await budget.reserve_for_request(80)
        return budget.in_flight

    assert await asyncio.create_task(request()) == 80
    await settle()
    assert budget.in_flight == 0

    monkeypatch.setattr(answer_budget, "SEND_TIMEOUT", 0.05)

    async def slow_reader() -> None:
        await budget.reserve_for_request(80)
        await asyncio.Event().wait()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(slow_reader())
    await settle()
    assert budget.in_flight == 0
