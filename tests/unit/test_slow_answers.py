"""A change goes on when nobody waits for it any more, and ends with the program."""

import asyncio
import logging

import pytest
from srhooks.smartrecruiters.errors import OddAnswerError, may_be_done
from srhooks.subscriptions.slow_answers import (
    MOST_LATE,
    NoAnswerYetError,
    SlowAnswers,
    TooManyLateError,
)


class Service:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.done: list[int] = []
        self.given_up = False

    async def change(self) -> int:
        try:
            self.done.append(await asyncio.shield(self.answer))
        except asyncio.CancelledError:
            self.given_up = True
            raise
        return self.done[-1]


async def test_what_is_quick_is_returned_and_what_fails_is_raised() -> None:
    slow, quick, odd = SlowAnswers(), Service(), Service()
    quick.answer.set_result(7)
    assert await slow.result("u1", slow.begin("u1", quick.change()), 5.0) == 7
    odd.answer.set_exception(OddAnswerError("odd"))
    with pytest.raises(OddAnswerError):
        await slow.result("u1", slow.begin("u1", odd.change()), 5.0)


async def test_what_is_late_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    slow, service, odd = SlowAnswers(), Service(), Service()
    tasks = [slow.begin("u1", one.change()) for one in (service, odd)]
    for task in tasks:
        with pytest.raises(NoAnswerYetError) as raised:
            await slow.result("u1", task, 0)
        assert may_be_done(raised.value)
    service.answer.set_result(7)
    odd.answer.set_exception(OddAnswerError("odd"))
    await asyncio.wait(tasks)
    assert service.done == [7]
    (told,) = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert told.getMessage() == "a change that took long failed: OddAnswerError"


async def test_few_are_late_at_once_and_others_do_not_count() -> None:
    slow, service = SlowAnswers(), Service()
    for _ in range(MOST_LATE):
        with pytest.raises(NoAnswerYetError):
            await slow.result("u1", slow.begin("u1", service.change()), 0)
    with pytest.raises(TooManyLateError) as raised:
        slow.begin("u1", service.change())
    assert not may_be_done(raised.value)
    other = slow.begin("u2", service.change())
    service.answer.set_result(7)
    assert await slow.result("u2", other, 5.0) == 7
    await asyncio.sleep(0)
    assert await slow.result("u1", slow.begin("u1", service.change()), 5.0) == 7


async def test_it_ends_with_the_program_and_with_whoever_waits() -> None:
    slow, service, other = SlowAnswers(), Service(), Service()
    with pytest.raises(NoAnswerYetError):
        await slow.result("u1", slow.begin("u1", service.change()), 0.01)
    waiting = asyncio.create_task(slow.result("u1", slow.begin("u1", other.change()), 60))
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await asyncio.sleep(0)
    assert (other.given_up, service.given_up) == (True, False)
    await slow.close()
    assert service.given_up
