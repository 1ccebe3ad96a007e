"""Events of the demo: a fixed story first, then random ones with repeats, forgeries, deletions."""

import asyncio
import random
import secrets
import time
from contextlib import suppress

import aiohttp

from srhooks.protocol.notification_headers import notification_headers
from srhooks.sandbox import Sandbox

# A job from its approval to the first day of work.
STORY = """
    job.created job.approval.created job.approval.step.approved job.approval.approved
    job.ad.created job.ad.postings.updated position.created job.hiring-team.updated
    candidate.created application.created application.screening-answers.created
    application.created application.attachment.created application.status.updated
    candidate.created application.created review.created interview.created
    application.status.updated candidate.updated interview.updated review.created
    job.updated application.fields.updated candidate.deleted offer.created
    offer.approval.created offer.approval.comment.created offer.approval.approved offer.updated
    application.status.updated job.status.updated onboarding.process.started
    application.onboarding-status.updated onboarding.assignments.completed
"""
STORIES = ("day", "outage")
# Deliveries that get lost: the callbacks log has them as delivered, and they never arrive.
LOST = ("application.status.updated", "candidate.updated", "job.updated")
DELETIONS = ("candidate.deleted", "review.deleted", "position.deleted")
PAUSE = (6.0, 14.0)  # seconds between two surprises


class DemoTraffic:
    def __init__(
        self, sandbox: Sandbox, session: aiohttp.ClientSession, rate: float,
        seed: int | None = None, story: str = STORIES[0],
    ) -> None:  # fmt: skip
        self._story = story
        self._sandbox = sandbox
        self._session = session
        self._rate = rate
        self._rng = random.Random(seed)  # noqa: S311 - chooses what happens, guards nothing

    async def run(self) -> None:
        """Play the story, then send traffic until cancelled."""
        await self.tell_story()
        if self._story == "outage":
            await self.lose_deliveries()
        if self._rate == 0:
            await asyncio.Event().wait()
        self._sandbox.start_traffic(self._rate)
        surprises = (self.repeat, self.forge, self.delete)
        turn = 0
        while True:
            await asyncio.sleep(self._rng.uniform(*PAUSE))
            with suppress(aiohttp.ClientError, TimeoutError):
                await surprises[turn % len(surprises)]()
            turn += 1

    async def tell_story(self) -> None:
        """Fire the events of the story in order, with one repeat and one forgery in the middle."""
        events = STORY.split()
        for position, event in enumerate(events):
            await self._sandbox.fire(event)
            if position == len(events) // 2:
                await self.repeat()
                await self.forge()

    async def lose_deliveries(self) -> None:
        """Lose three deliveries; a minute later the page Missed lists them and can store them."""
        self._sandbox.troubles.order("lose", len(LOST), 0)
        for event in LOST:
            await self._sandbox.fire(event)
        print(
            f"\nThree deliveries were lost: {', '.join(LOST)}. In a minute, when they can no longer"
            "\nbe on their way, an incident names them; the page Missed stores them with a click.",
            flush=True,
        )

    async def repeat(self) -> None:
        """Deliver a recent notification again, as SmartRecruiters does when our answer got lost."""
        delivered = [one for one in self._sandbox.deliveries if one.state == "delivered"]
        if delivered:
            await self._sandbox.deliver_again(self._rng.choice(delivered[-10:]))

    async def forge(self) -> None:
        """Post a notification with a wrong signature and a link to a foreign host.

        Such a sender knows the callback URL, not the secret key, and is after an access token.
        """
        active = [
            one for one in self._sandbox.subscriptions.by_id.values() if one.status == "active"
        ]
        if not active:
            return
        target = self._rng.choice(active)
        body = b'{"id":"forged"}'
        headers = notification_headers(
            body,
            event=self._rng.choice(target.events),
            version="v201910",
            event_id=secrets.token_hex(12),
            link="<https://attacker.example/collect>; rel=self",
            timestamp=str(int(time.time())),
            key="a guess",
        )
        async with self._session.post(target.callback_url, data=body, headers=headers) as answer:
            await answer.read()

    async def delete(self) -> None:
        """Delete something: the link of its notification answers 404."""
        await self._sandbox.fire(self._rng.choice(DELETIONS))
