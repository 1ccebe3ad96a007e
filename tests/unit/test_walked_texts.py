"""Texts that are everywhere are remembered, for a while and not without end."""

import asyncio

from srhooks.store.walked_texts import KEPT, MOST, WalkedTexts

from tests.support.virtual_loop import run_virtually


def test_a_text_is_remembered_for_a_while() -> None:
    async def scenario() -> None:
        walked = WalkedTexts()
        walked.add("everywhere")
        await asyncio.sleep(KEPT - 1)
        assert "everywhere" in walked
        assert "elsewhere" not in walked
        await asyncio.sleep(2)
        assert "everywhere" not in walked

    run_virtually(scenario())


async def test_no_more_are_kept_than_the_last_ones_and_none_as_it_is() -> None:
    walked = WalkedTexts()
    for number in range(MOST + 1):
        walked.add(f"text {number}")
    assert "text 0" not in walked
    assert "text 1" in walked
    assert "text" not in str(vars(walked))
