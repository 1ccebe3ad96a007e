"""Send alerts about incidents: messages wait in the store until they are sent, for up to a day.

Two steps, each driven by rows, so a restart tells nothing twice and forgets nothing: incident
events become messages in one transaction, and each message is sent by its channel, again with
back-off while that fails. At most ten messages an hour are about one account; further changes wait
and go into one digest. For open incidents a reminder is sent each day.
"""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from srhooks.config import Settings
from srhooks.domain.account import User
from srhooks.domain.alerts import AlertMessage, AlertSettings, Channel, QuietHours, may_be_told
from srhooks.domain.backoff import backoff
from srhooks.domain.clock import DAY, HOUR, MINUTE, now_ms
from srhooks.domain.incidents import Incident
from srhooks.hub import Hub
from srhooks.incidents.channels import AlertChannel, ChannelError
from srhooks.incidents.messages import Change, digest_message, incident_message, test_message
from srhooks.store import Store, StoreError
from srhooks.store.fencing import is_fenced, require_leases

log = logging.getLogger(__name__)

TOPIC = "alerts"
TOLD_AN_HOUR = 10  # times that something is told of an account
GIVE_UP_AFTER = DAY
FIRST_PAUSE = 20.0  # seconds until the second try at most
LAST_PAUSE = 3600.0
IDLE = 30.0  # seconds after which the rows are looked at again in any case
STORE_PAUSE = 5.0
EVENTS = 200  # of an account that are looked at together
SEND_TIME = 25_000  # ms: more than a channel takes for one message
BATCH = 20  # messages of a channel at a time


class Outbox:
    def __init__(
        self, settings: Settings, store: Store, channels: Sequence[AlertChannel], hub: Hub
    ) -> None:
        self._settings = settings
        self._store = store
        self._channels = channels
        self._hub = hub
        self._woken = asyncio.Event()
        hub.on_message(TOPIC, lambda _: self._woken.set())

    @property
    def channels(self) -> set[Channel]:
        return {channel.name for channel in self._channels}

    def wake(self) -> None:
        """Let the process that sends alerts look for work now. Never waits."""
        self._woken.set()
        self._hub.publish_to_processes(TOPIC, "")

    async def run(self) -> None:
        """Send due messages until cancelled."""
        async with asyncio.TaskGroup() as group:
            turns = {channel.name: asyncio.Event() for channel in self._channels}
            for channel in self._channels:
                group.create_task(self._deliver_forever(channel, turns[channel.name]))
            while True:
                self._woken.clear()
                pause = STORE_PAUSE
                try:
                    pause = await self.collect()
                except StoreError as error:
                    log.warning("alerts wait for the store: %s", error)
                for turn in turns.values():
                    turn.set()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._woken.wait()

    async def send_test(self, user: User) -> int:
        """Queue a test message for each channel; return their number."""
        now = now_ms()
        settings = await alert_settings(self._store, user)
        content = test_message(self._settings.app_url)
        messages = await self._messages(user, settings, content, now, kinds=None, quiet=False)
        await self._store.enqueue_alerts(user.id, messages, [], [], now)
        self.wake()
        return len(messages)

    async def send_mail(self, user_id: str, email: str, content: dict[str, object]) -> None:
        """Queue an e-mail to one address, whether it is confirmed or not."""
        now = now_ms()
        message = AlertMessage(self._store.next_id(), user_id, "email", email, content, now, now)
        await self._store.enqueue_alerts(user_id, [message], [], [], now)
        self.wake()

    # --- from incidents to messages --------------------------------------------------------------

    async def collect(self) -> float:
        """Turn incident events into messages; return the seconds until the next look.

        Raises StoreError.
        """
        for user_id in await self._store.users_with_incident_events():
            events = await self._store.incident_events_of(user_id, EVENTS)
            changes: list[tuple[Incident, Change]] = [
                (event.incident, event.change) for event in events
            ]
            await self._tell(user_id, changes, [event.id for event in events])
        reminders: dict[str, list[tuple[Incident, Change]]] = defaultdict(list)
        for incident in await self._store.incidents_to_remind_of(now_ms() - DAY, EVENTS):
            reminders[incident.user_id].append((incident, "reminder"))
        for user_id, changes in reminders.items():
            await self._tell(user_id, changes, [])
        due = await self._store.next_alert_due()
        return IDLE if due is None else min(max((due - now_ms()) / 1000, 0.2), IDLE)

    async def _tell(
        self, user_id: str, changes: list[tuple[Incident, Change]], event_ids: list[int]
    ) -> None:
        """One message for each change or, beyond ten an hour, one for all once there is room."""
        user = await self._store.user(user_id)
        if user is None:
            return
        now = now_ms()
        told = len(await self._store.alerts_sent(user_id, now - HOUR))
        settings = await alert_settings(self._store, user)
        for index, (incident, change) in enumerate(changes):
            if told >= TOLD_AN_HOUR:
                return  # the rest waits
            rest = changes[index:]
            if len(rest) > 1 and told == TOLD_AN_HOUR - 1:
                await self._put_digest(user, settings, rest, event_ids[index:], now)
                return
            content = incident_message(incident, change, self._settings.app_url)
            messages = await self._messages(user, settings, content, now, kinds={incident.kind})
            await self._store.enqueue_alerts(
                user_id, messages, event_ids[index : index + 1], [incident.id], now
            )
            told += 1

    async def _put_digest(
        self, user: User, settings: AlertSettings, changes: list[tuple[Incident, Change]],
        event_ids: list[int], now: int,
    ) -> None:  # fmt: skip
        content = digest_message(changes, self._settings.app_url)
        kinds: set[str] = {incident.kind for incident, _ in changes}
        messages = await self._messages(user, settings, content, now, kinds=kinds)
        incident_ids = list({incident.id for incident, _ in changes})
        await self._store.enqueue_alerts(user.id, messages, event_ids, incident_ids, now)

    async def _messages(
        self, user: User, settings: AlertSettings, content: dict[str, object], now: int, *,
        kinds: set[str] | None, quiet: bool = True,
    ) -> list[AlertMessage]:  # fmt: skip
        """A message for each channel and address that wants this kind."""
        targets: list[tuple[Channel, str]] = []
        if "email" in self.channels and (kinds is None or kinds & set(settings.kinds)):
            targets += [("email", email) for email in await self._told_addresses(user, settings)]
        targets += [(name, "") for name in ("webhook", "apprise") if name in self.channels]
        waits_until = now if not quiet or settings.quiet is None else quiet_end(settings.quiet, now)
        return [
            AlertMessage(
                self._store.next_id(), user.id, channel, target, content, now,
                waits_until if channel == "email" else now,
            )
            for channel, target in targets
        ]  # fmt: skip

    async def _told_addresses(self, user: User, settings: AlertSettings) -> list[str]:
        addresses = await self._store.alert_addresses(user.id)
        confirmed = [address.email for address in addresses if address.confirmed_at is not None]
        trusted = self._settings.smtp_trusted_domains
        return [
            email for email in settings.emails if may_be_told(email, user.email, trusted, confirmed)
        ]

    # --- from messages to channels ---------------------------------------------------------------

    async def _deliver_forever(self, channel: AlertChannel, turn: asyncio.Event) -> None:
        while True:
            try:
                while messages := await self._store.due_alerts(channel.name, now_ms(), BATCH):
                    for message in messages:
                        await self._deliver(channel, message)
            except StoreError as error:
                log.warning("alerts wait for the store: %s", error)
                await asyncio.sleep(STORE_PAUSE)
            turn.clear()
            await turn.wait()

    async def _deliver(self, channel: AlertChannel, message: AlertMessage) -> None:
        """Raises StoreError."""
        if is_fenced():  # whoever takes over while this one is being sent tells it later
            await self._store.hold_alert(message.id, now_ms() + SEND_TIME)
        require_leases()
        try:
            await channel.send(message)
        except ChannelError as error:
            now = now_ms()
            if now - message.created_at >= GIVE_UP_AFTER:
                log.error("an alert was given up, by %s: %s", channel.name, error)
                await self._store.delete_alert(message.id)
                return
            log.warning("an alert could not be sent, by %s: %s", channel.name, error)
            pause = backoff(FIRST_PAUSE, LAST_PAUSE, message.attempts)
            await self._store.postpone_alert(message.id, now + int(pause * 1000))
        else:
            await self._store.delete_alert(message.id)


async def alert_settings(store: Store, user: User) -> AlertSettings:
    """As saved; by default the account's own address, where it has one, and all kinds."""
    saved = await store.alert_settings(user.id)
    return saved or AlertSettings((user.email,) if user.email else ())


def quiet_end(quiet: QuietHours, now: int) -> int:
    """When (ms) a message that is due now may be sent."""
    try:
        zone = ZoneInfo(quiet.zone)
    except (ZoneInfoNotFoundError, ValueError):
        return now
    minute = now
    for _ in range(24 * 60):
        local = datetime.fromtimestamp(minute / 1000, UTC).astimezone(zone)
        if not quiet.contains(local.hour * 60 + local.minute):
            return minute
        minute = (minute // MINUTE + 1) * MINUTE
    return now
