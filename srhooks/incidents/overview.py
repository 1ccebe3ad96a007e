"""Figures for the overview: stages of the latency, and the list of problems."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from srhooks.accounts.rights import PLURALS
from srhooks.domain.clock import HOUR
from srhooks.domain.latency import Latency, latency
from srhooks.domain.models import ProblemCounts, Timing
from srhooks.protocol.event_types import subscription_name

# The filter and its value that list them, the tone, and the words for one and for many.
COUNTED = (
    ("signature", "invalid", "bad", "notification has a wrong signature",
     "notifications have a wrong signature"),
    ("status", "failed", "bad", "notification could not be looked up",
     "notifications could not be looked up"),
    ("status", "refused", "warn", "notification was not looked up (untrusted sender)",
     "notifications were not looked up (untrusted sender)"),
    ("signature", "unverifiable", "warn", "notification is signed with an unknown key",
     "notifications are signed with unknown keys"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attention:
    """A line of the list of problems."""

    tone: str  # bad, warn
    text: str
    url: str  # empty: nothing on these pages helps
    action: str


def stages(timings: Sequence[Timing]) -> dict[str, Latency | None]:
    """From the sender to us, and from us to the entity that was fetched."""
    return {
        "sent": latency(t.received_at - t.sent_at for t in timings if t.sent_at is not None),
        "fetched": latency(t.fetched_at - t.received_at for t in timings if t.fetched_at),
    }


def attention(
    trouble: ProblemCounts, subscriptions: Sequence[Mapping[str, Any]], *, window: str, slow: bool,
    refused: Mapping[str, str | None], clock_ahead: int = 0,
) -> list[Attention]:  # fmt: skip
    """The problems that a person should look at, worst first.

    `slow`: entities have waited for longer than they should. `refused`: the kinds of entity that
    the login may not read, to the scope that each needs. `clock_ahead`: ms by which the machine's
    clock is ahead of what is plausible, so that the retention does not go by it.
    """
    problems = [*_of_login(refused)]
    if clock_ahead:
        text = (
            f"This server's clock is {clock_ahead / HOUR:,.1f} hours ahead of what is plausible, so"
            " old notifications are not deleted because of it. Set the clock, or confirm it with"
            " srhooks confirm-clock"
        )
        problems.append(Attention("bad", text, "", ""))
    problems += _of_notifications(trouble, f"/notifications?since={window}")
    if slow:
        text = f"{trouble.pending:,} {'entity waits' if trouble.pending == 1 else 'entities wait'}"
        url = "/notifications?status=pending"
        problems.append(Attention("warn", f"{text} to be fetched", url, "View them"))
    problems += _of_subscriptions(subscriptions)
    return sorted(problems, key=lambda problem: problem.tone)


def _of_login(refused: Mapping[str, str | None]) -> Iterator[Attention]:
    for kind, scope in refused.items():
        needs = f": the login lacks the scope {scope}" if scope else " with this login"
        yield Attention("bad", f"{PLURALS[kind]} cannot be read{needs}", "/account", "View account")


def _of_notifications(trouble: ProblemCounts, feed: str) -> Iterator[Attention]:
    """`feed`: the address of the list, with the window of time that was counted."""
    for name, key, tone, problem, many in COUNTED:
        if count := trouble.counts.get(key, 0):
            text = f"{count:,} {problem if count == 1 else many}"
            yield Attention(tone, text, f"{feed}&{name}={key}", "View them")


def _of_subscriptions(subscriptions: Sequence[Mapping[str, Any]]) -> Iterator[Attention]:
    for subscription in subscriptions:
        status = str(subscription.get("status") or "unknown")
        if subscription.get("mine") and status != "active":
            tone = "warn" if status == "inactive" else "bad"
            name = subscription_name(subscription)
            text = f"{name} is {status[:40]}: nothing arrives from this subscription"
            url = f"/subscriptions#s-{subscription['id']}"
            yield Attention(tone, text, url, "View subscription")
