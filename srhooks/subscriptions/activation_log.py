"""The steps of an activation as they happen: asked for, the call that came in, the outcome."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

from srhooks.domain.clock import now_ms
from srhooks.hub import Event, Hub

MAX_STEPS = 12  # of a subscription
MAX_SUBSCRIPTIONS = 2000
Outcome = Literal["going on", "good", "bad"]


@dataclass(frozen=True, slots=True)
class Step:
    at: int  # ms
    text: str
    outcome: Outcome


class Handshakes:
    """In memory: who does not watch does not need them."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._steps: OrderedDict[tuple[str, str], list[Step]] = OrderedDict()

    def begin(self, user_id: str, subscription_id: str) -> None:
        self._steps.pop((user_id, subscription_id), None)
        self.note(user_id, subscription_id, "SmartRecruiters was asked to activate it")

    def note(
        self, user_id: str, subscription_id: str | None, text: str, outcome: Outcome = "going on"
    ) -> None:
        if subscription_id is None:
            return
        steps = self._steps.setdefault((user_id, subscription_id), [])
        if len(steps) < MAX_STEPS:
            steps.append(Step(now_ms(), text, outcome))
        self._steps.move_to_end((user_id, subscription_id))
        if len(self._steps) > MAX_SUBSCRIPTIONS:
            self._steps.popitem(last=False)
        self._hub.publish(user_id, Event("handshake"))

    def of(self, user_id: str, subscription_id: str) -> list[Step]:
        return self._steps.get((user_id, subscription_id), [])

    def of_user(self, user_id: str) -> dict[str, list[Step]]:
        return {key[1]: steps for key, steps in self._steps.items() if key[0] == user_id}
