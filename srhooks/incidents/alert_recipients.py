"""Recipients of alerts, and the links by which an address confirms that it wants them."""

import hashlib
import secrets
from collections.abc import Sequence

from srhooks.config import ADDRESS, Settings
from srhooks.domain.account import User
from srhooks.domain.alerts import AlertSettings, may_be_told
from srhooks.domain.clock import HOUR, now_ms
from srhooks.incidents.messages import confirmation_message
from srhooks.incidents.outbox import Outbox, alert_settings
from srhooks.store import Store

MAX_EMAILS = 10
MAX_EMAIL = 320  # characters (RFC 5321, 4.5.3.1)
ASK_AGAIN_AFTER = HOUR  # ms between two links to one address: it may belong to a stranger
CONFIRM_PATH = "/account/alerts/confirm/"


class BadAddressError(Exception):
    """Its text is fit for a person."""


class AlertRecipients:
    def __init__(self, settings: Settings, store: Store, outbox: Outbox) -> None:
        self._settings = settings
        self._store = store
        self._outbox = outbox

    async def settings(self, user: User) -> AlertSettings:
        return await alert_settings(self._store, user)

    async def confirmed(self, user_id: str) -> list[str]:
        addresses = await self._store.alert_addresses(user_id)
        return [address.email for address in addresses if address.confirmed_at is not None]

    async def save(self, user: User, settings: AlertSettings) -> None:
        """Keep them, and send a link to each address that has to confirm itself.

        Raises StoreError.
        """
        await self._store.save_alert_settings(user.id, settings)
        await self._store.forget_addresses(user.id, settings.emails)
        if self._settings.smtp_url is None:
            return  # asked for again when somebody saves them with e-mail set up
        known = {address.email: address for address in await self._store.alert_addresses(user.id)}
        trusted = self._settings.smtp_trusted_domains
        now = now_ms()
        for email in settings.emails:
            if may_be_told(email, user.email, trusted, await self.confirmed(user.id)):
                continue
            asked = known.get(email)
            if asked is not None and now - asked.asked_at < ASK_AGAIN_AFTER:
                continue
            token = secrets.token_urlsafe(24)
            await self._store.add_alert_address(user.id, email, _digest(token), now)
            link = f"{self._settings.app_url}{CONFIRM_PATH}{token}"
            content = confirmation_message(link, self._settings.app_url)
            await self._outbox.send_mail(user.id, email, content)

    async def confirm(self, token: str) -> str | None:
        """Confirm the address of this link and return it; None for an unknown link."""
        return await self._store.confirm_address(_digest(token), now_ms())


def read_emails(texts: Sequence[str]) -> tuple[str, ...]:
    """Parse e-mail addresses, without duplicates (ignoring case). Raises BadAddressError."""
    emails: dict[str, str] = {}
    for text in texts:
        email = text.strip()
        if not email:
            continue
        if len(email) > MAX_EMAIL or not email.isascii() or not ADDRESS.fullmatch(email):
            raise BadAddressError(f"{email[:100]!r} is not an e-mail address")
        emails.setdefault(email.lower(), email)
    if len(emails) > MAX_EMAILS:
        raise BadAddressError(f"At most {MAX_EMAILS} addresses")
    return tuple(emails.values())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
