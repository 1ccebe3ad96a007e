"""The questions before something is done to a subscription, for whoever has no JavaScript.

Each names the subscription, as far as the service says what it is: a question is no less needed
while the service cannot be asked.
"""

import asyncio
from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import web

from srhooks.protocol.event_types import subscription_phrase
from srhooks.smartrecruiters.errors import GrantDeadError, ServiceAnsweredError, ServiceError
from srhooks.smartrecruiters.webhooks_api import UnknownSubscriptionError
from srhooks.web.http.confirmation import confirmation_page
from srhooks.web.http.session import require_login
from srhooks.web.presentation.labels import clip
from srhooks.web.state.app_keys import STORE, SUBSCRIPTIONS

TIMEOUT = 4.0  # seconds for the name, which is only a help
MAX_ADDRESS = 200  # characters of a callback address


@dataclass(frozen=True, slots=True)
class _Subject:
    path: str
    name: str  # "the subscription to job.created"
    warning: str  # a sentence about another system's, else empty
    back: str


async def ask_to_activate(request: web.Request) -> web.Response:
    subject = await _subject(request)
    return confirmation_page(
        request,
        f"Activate {subject.name}?",
        f"{subject.warning}SmartRecruiters makes its handshake with the callback address first.",
        action=f"{subject.path}/activation",
        yes="Activate all the same" if subject.warning else "Activate",
        back=subject.back,
        look="danger" if subject.warning else "primary",
    )


async def ask_to_delete(request: web.Request) -> web.Response:
    subject = await _subject(request)
    return confirmation_page(
        request,
        f"Delete {subject.name}?",
        f"{subject.warning}SmartRecruiters stops sending at once. What has arrived stays.",
        action=f"{subject.path}/delete",
        yes="Delete for good",
        back=subject.back,
    )


async def ask_to_rotate(request: web.Request) -> web.Response:
    subject = await _subject(request)
    if subject.warning:
        raise UnknownSubscriptionError  # its key is not ours to change
    return confirmation_page(
        request,
        f"Rotate the key of {subject.name}?",
        "The previous key stays valid for 24 hours. Other systems that verify signatures need the"
        " new key.",
        action=f"{subject.path}/secret-key",
        yes="Rotate key",
        back=f"{subject.path}#key-title",
        look="primary",
    )


async def _subject(request: web.Request) -> _Subject:
    """Raises UnknownSubscriptionError, and ServiceError when there is no such subscription."""
    login = await require_login(request)
    app = request.app
    subscription_id = request.match_info["id"]
    quoted = quote(subscription_id, safe="", errors="replace")
    path = f"/subscriptions/{quoted}"
    back = path if request.query.get("from") == "its-page" else f"/subscriptions#s-{quoted}"
    try:
        async with asyncio.timeout(TIMEOUT):
            subscription = await app[SUBSCRIPTIONS].get(login.user.id, subscription_id)
    except GrantDeadError:
        raise
    except (ServiceError, TimeoutError) as error:
        if isinstance(error, ServiceAnsweredError) and error.status in {404, 410}:
            raise
        hooks = await app[STORE].hooks(login.user.id)
        is_ours = any(hook.subscription_id == subscription_id for hook in hooks)
        name, address = "this subscription", ""
    else:
        is_ours = subscription["mine"]
        name = subscription_phrase(subscription)
        address = str(subscription.get("callbackUrl") or "")
    warning = ""
    if not is_ours:
        where = f", at {clip(address, MAX_ADDRESS)}" if address else ""
        warning = f"This webhook belongs to another system{where}. "
    return _Subject(path, name, warning, back)
