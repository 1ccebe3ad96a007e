"""A user's webhook subscriptions: the service's own list, joined with our hooks.

Each subscription made here gets a hook of its own and a signing key before it can be active.
Changes go on when nobody waits for them any more (`slow_answers`).
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlencode

from srhooks.accounts.user_client import TIMEOUT, UserClient
from srhooks.config import Settings
from srhooks.domain.clock import now_ms
from srhooks.domain.models import Hook
from srhooks.hub import Event, Hub
from srhooks.intake.hook_cache import HookDirectory, new_hook_id
from srhooks.protocol.event_types import event_names
from srhooks.smartrecruiters.client import Answer, raise_for_error
from srhooks.smartrecruiters.errors import (
    ServiceAnsweredError,
    ServiceError,
    brief,
    may_be_done,
)
from srhooks.smartrecruiters.webhooks_api import (
    API,
    PAGE,
    UnknownSubscriptionError,
    check_id,
    read_key,
    read_page,
    read_subscription,
    subscription_path,
    unchecked_path,
)
from srhooks.store import Store, StoreError, using_reserve
from srhooks.subscriptions.activation_log import ActivationLog
from srhooks.subscriptions.address_check import AddressCheck, cause_of_refusal
from srhooks.subscriptions.callback_log import Call, newest_calls
from srhooks.subscriptions.new_subscription import NewSubscription
from srhooks.subscriptions.slow_answers import ANSWER_TIMEOUT, NoAnswerYetError, SlowAnswers

log = logging.getLogger(__name__)


MAX_PAGES = 50
MAX_SUBSCRIPTIONS = 20  # a user, as the service allows
NOT_ABOUT_ADDRESS = frozenset({401, 403, 404, 410, 429})  # what else an activation is refused for
CHANGE_TIMEOUT = TIMEOUT  # seconds that a person waits for a change
ACTIVATION_TIMEOUT = 40.0  # the same for an activation: the service gives the handshake 20


CheckAddress = Callable[[str], Awaitable[AddressCheck]]


class Observer(Protocol):
    """Is told of changes to subscriptions. Each method may raise ServiceError or StoreError."""

    async def listed(self, user_id: str, subscriptions: Sequence[Mapping[str, Any]]) -> None:
        """The service has just listed these, with `hookId` and `mine` added."""

    async def activated(self, user_id: str, subscription_id: str, hook_id: str) -> None:
        """One of ours was activated here."""

    async def deleting(self, user_id: str, subscription_id: str) -> None:
        """The subscription is about to be deleted here."""

    async def deleted(self, user_id: str, subscription_id: str, *, done: bool) -> None:
        """The subscription was deleted here; `done` is false when that failed."""


async def _tell(telling: Awaitable[None]) -> None:
    try:
        await telling
    except (ServiceError, StoreError) as error:
        log.warning("what happens to subscriptions could not be noted: %s", brief(error))


class Subscriptions:
    def __init__(
        self, settings: Settings, store: Store, user_client: UserClient, hooks: HookDirectory,
        hub: Hub, activations: ActivationLog, check_address: CheckAddress,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._store = store
        self._user_client = user_client
        self._hooks = hooks
        self._hub = hub
        self._activations = activations
        self._check_address = check_address
        self._slow = SlowAnswers()
        self._observers: list[Observer] = []

    def subscribe(self, observer: Observer) -> None:
        """Tell the observer of what is listed, activated and deleted from now on."""
        self._observers.append(observer)

    async def all(self, user_id: str, *, foreground: bool = True) -> list[dict[str, Any]]:
        """List the service's objects, with `hookId` and `mine`. Raises ServiceError, StoreError."""
        subscriptions = await self._fetch_all(user_id, foreground=foreground)
        hooks = {hook.id: hook for hook in await self._store.hooks(user_id)}
        for subscription in subscriptions:
            await self._join(subscription, hooks)
        for observer in self._observers:
            await _tell(observer.listed(user_id, subscriptions))
        return subscriptions

    async def get(self, user_id: str, subscription_id: str) -> dict[str, Any]:
        """As in `all`. Raises ServiceError, StoreError, UnknownSubscriptionError."""
        subscription = read_subscription(
            await self._ask(user_id, "GET", subscription_path(subscription_id))
        )
        await self._join(subscription, {hook.id: hook for hook in await self._store.hooks(user_id)})
        return subscription

    async def create(self, user_id: str, requested: NewSubscription) -> dict[str, Any]:
        """Create a subscription; its `activationError` says why it is not active as requested.

        Raises ServiceError when the service does not create it, or StoreError.
        """
        adding = self._slow.begin(user_id, self._add(user_id, requested))
        preparing = self._slow.begin(user_id, self._prepare(user_id, requested, adding))
        created = await self._slow.result(user_id, adding, CHANGE_TIMEOUT)
        try:
            patience = CHANGE_TIMEOUT + ACTIVATION_TIMEOUT
            return await self._slow.result(user_id, preparing, patience)
        except NoAnswerYetError as error:
            return _inactive(created, requested, error)

    async def _add(self, user_id: str, requested: NewSubscription) -> dict[str, Any]:
        """Create it, without a key."""
        hook = Hook(
            new_hook_id(), user_id, None, _auth_header(requested.callback_authentication), now_ms(),
            events=json.dumps(requested.events), name=requested.name,
        )  # fmt: skip
        await self._store.add_hook(hook)
        payload: dict[str, Any] = {
            "callbackUrl": self._settings.hook_url(hook.id),
            "events": list(requested.events),
        }
        if requested.alerting_email_address:
            payload["alertingEmailAddress"] = requested.alerting_email_address
        if requested.callback_authentication:
            payload["callbackAuthentication"] = requested.callback_authentication
        try:
            created = read_subscription(await self._ask(user_id, "POST", API, payload))
        except ServiceAnsweredError as error:
            if error.status < 500:  # surely not created: nothing will come to it
                await self._store.delete_hook(hook.id)
            raise
        await self._store.bind_hook(hook.id, str(created["id"]))
        self._hooks.forget(hook.id)
        created |= {"hookId": hook.id, "mine": True}
        created |= {"name": requested.name} if requested.name else {}
        created.pop("callbackAuthentication", None)
        return created

    async def _prepare(
        self, user_id: str, requested: NewSubscription, adding: asyncio.Task[dict[str, Any]]
    ) -> dict[str, Any]:
        """Make its key and activate it as requested, once it is created."""
        created = dict(await adding)
        number, hook_id = str(created["id"]), str(created["hookId"])
        try:
            await self._make_key(user_id, hook_id, number)
            if requested.active:
                await self._put_activation(user_id, number, self._settings.hook_url(hook_id))
                created["status"] = "active"
                await self._tell_activated(user_id, number, hook_id)
        except ServiceError as error:
            log.warning("a new subscription is not active yet: %s", brief(error))
            created = _inactive(created, requested, error)
        self._changed(user_id)
        return created

    async def activate(self, user_id: str, subscription_id: str) -> None:
        """Raises ServiceError (the handshake failed, say) or UnknownSubscriptionError."""
        check_id(subscription_id)
        activating = self._slow.begin(user_id, self._activate(user_id, subscription_id))
        await self._slow.result(user_id, activating, ACTIVATION_TIMEOUT)

    async def _activate(self, user_id: str, subscription_id: str) -> None:
        hook = await self._hook_of(user_id, subscription_id)
        if hook is not None:
            entry = await self._hooks.get(hook.id)
            if entry is not None and not entry.live_keys():
                await self._make_key(user_id, hook.id, subscription_id)
        url = None if hook is None else self._settings.hook_url(hook.id)
        await self._put_activation(user_id, subscription_id, url)
        if hook is not None:
            await self._tell_activated(user_id, subscription_id, hook.id)
        self._changed(user_id)

    async def _tell_activated(self, user_id: str, subscription_id: str, hook_id: str) -> None:
        for observer in self._observers:
            await _tell(observer.activated(user_id, subscription_id, hook_id))

    async def try_address(self, url: str) -> AddressCheck:
        """A handshake to one of our own hook addresses; a failure is a result."""
        return await self._check_address(url)

    async def recent_calls(self, user_id: str, subscription_id: str) -> list[Call]:
        """The newest records of its callbacks log, read with low priority.

        Raises ServiceError or StoreError.
        """
        return await newest_calls(self._user_client, user_id, subscription_id)

    async def get_in_background(self, user_id: str, subscription_id: str) -> dict[str, Any]:
        """The service's object, read with low priority. Raises ServiceError, StoreError."""
        path = subscription_path(subscription_id)
        return read_subscription(
            raise_for_error(await self._user_client.call(user_id, "GET", path, foreground=False))
        )

    async def delete(self, user_id: str, subscription_id: str) -> None:
        """Raises ServiceError or UnknownSubscriptionError. The history stays.

        On a full disk it works as well: what happened at the service has to be known here.
        """
        check_id(subscription_id)
        with using_reserve():
            deleting = self._slow.begin(user_id, self._delete(user_id, subscription_id))
        await self._slow.result(user_id, deleting, CHANGE_TIMEOUT)

    async def _delete(self, user_id: str, subscription_id: str) -> None:
        for observer in self._observers:
            await _tell(observer.deleting(user_id, subscription_id))
        done = False
        try:
            await self._ask(user_id, "DELETE", unchecked_path(subscription_id))
            done = True
        except ServiceAnsweredError as error:
            done = error.status in {404, 410}
            raise
        finally:
            if done:
                await self._retire(user_id, subscription_id)
            for observer in self._observers:
                await _tell(observer.deleted(user_id, subscription_id, done=done))

    async def rename(self, user_id: str, subscription_id: str, name: str | None) -> None:
        """Name one of our subscriptions; None removes the name. Raises UnknownSubscriptionError."""
        hook = await self._hook_of(user_id, subscription_id)
        if hook is None:
            raise UnknownSubscriptionError
        await self._store.name_hook(hook.id, name)
        self._changed(user_id)

    async def rotate_key(self, user_id: str, subscription_id: str) -> str:
        """Create a new signing key and return it; the previous one stays valid for 24 hours."""
        check_id(subscription_id)
        hook = await self._hook_of(user_id, subscription_id)
        if hook is None:
            raise UnknownSubscriptionError
        making = self._slow.begin(user_id, self._make_key(user_id, hook.id, subscription_id))
        return await self._slow.result(user_id, making, CHANGE_TIMEOUT)

    async def close(self) -> None:
        """End what still waits for an answer."""
        await self._slow.close()

    async def _fetch_all(self, user_id: str, *, foreground: bool) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        page: str | None = None
        guessed = False
        for _ in range(MAX_PAGES):
            query = {"limit": str(PAGE)} | ({} if page is None else {"page_id": page})
            answer = await self._user_client.call(
                user_id, "GET", f"{API}?{urlencode(query)}", foreground=foreground
            )
            if guessed and answer.status in {400, 404, 422}:
                break  # it takes no id of a subscription for a page: that was all
            value = await raise_for_error(answer).read_json()
            guessed = isinstance(value, list)
            items, page = read_page(value)
            fresh = [item for item in items if str(item["id"]) not in found]
            found.update((str(item["id"]), item) for item in fresh)
            if page is None or not fresh:
                break
        return list(found.values())

    async def _join(self, one: dict[str, Any], hooks: dict[str, Hook]) -> None:
        prefix = self._settings.hook_url("")
        url = one.get("callbackUrl")
        hook = None
        if isinstance(url, str) and url.startswith(prefix):
            hook = hooks.get(url.removeprefix(prefix))
        if hook is not None and hook.subscription_id is None:  # we stopped right after creating it
            await self._store.bind_hook(hook.id, str(one["id"]))
            self._hooks.forget(hook.id)
        if hook is not None and (events := json.dumps(event_names(one))) != hook.events:
            await self._store.keep_events(hook.id, events)
        one["hookId"] = hook.id if hook else None
        one["mine"] = hook is not None
        if hook is not None and hook.name:
            one["name"] = hook.name

    async def _hook_of(self, user_id: str, subscription_id: str) -> Hook | None:
        hooks = await self._store.hooks(user_id)
        return next((hook for hook in hooks if hook.subscription_id == subscription_id), None)

    async def _make_key(self, user_id: str, hook_id: str, subscription_id: str) -> str:
        key = read_key(
            await self._ask(user_id, "POST", unchecked_path(subscription_id, "/secret-key"))
        )
        await self._hooks.add_key(hook_id, key)
        return key

    async def _put_activation(self, user_id: str, subscription_id: str, url: str | None) -> None:
        """`url`: its callback address where that is one of ours; it is checked first."""
        steps = self._activations
        steps.begin(user_id, subscription_id)
        check = None
        if url is not None:
            check = await self._check_address(url)
            steps.record(user_id, subscription_id, check.text, "going on" if check.ok else "bad")
        await steps.asked(user_id, subscription_id)
        try:
            await self._ask(user_id, "PUT", unchecked_path(subscription_id, "/activation"))
        except ServiceError as error:
            refused = isinstance(error, ServiceAnsweredError)
            said = f"SmartRecruiters refused: {error}" if refused else str(error)
            steps.record(user_id, subscription_id, said, "bad")
            arrived = await steps.finish(user_id, subscription_id)
            if isinstance(error, ServiceAnsweredError) and error.status not in NOT_ABOUT_ADDRESS:
                cause = cause_of_refusal(arrived=arrived, check=check, url=url)
                steps.record(user_id, subscription_id, f"Likely cause: {cause}", "bad")
            raise
        steps.record(user_id, subscription_id, "SmartRecruiters activated it", "good")
        await steps.finish(user_id, subscription_id)

    async def _retire(self, user_id: str, subscription_id: str) -> None:
        await self._activations.forget(user_id, subscription_id)
        hook = await self._hook_of(user_id, subscription_id)
        if hook is not None:
            await self._store.retire_hook(hook.id, now_ms())
            self._hooks.forget(hook.id)
        self._changed(user_id)

    async def _ask(self, user_id: str, method: str, path: str, payload: Any = None) -> Answer:
        seconds = TIMEOUT if method == "GET" else ANSWER_TIMEOUT
        try:
            return raise_for_error(
                await self._user_client.call(
                    user_id, method, path, foreground=True, payload=payload, timeout=seconds
                )
            )
        except ServiceError as error:
            if method != "GET" and may_be_done(error):
                self._changed(user_id)  # open pages show whether it was
            raise

    def _changed(self, user_id: str) -> None:
        self._hub.publish(user_id, Event("subscriptions"))


def _inactive(
    created: dict[str, Any], requested: NewSubscription, error: ServiceError
) -> dict[str, Any]:
    """What the answer says of a new one that is not active, or not yet."""
    if not requested.active:
        return created
    return created | {"status": "inactive", "activationError": str(error)}


def _auth_header(authentication: dict[str, Any] | None) -> str | None:
    """The header that the subscription's own authentication uses, lower-case."""
    if not authentication or authentication.get("type") != "header":
        return None
    name = authentication.get("headerName")
    return name.strip().lower() if isinstance(name, str) else None
