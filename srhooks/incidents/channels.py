"""The channels of alerts: e-mail, the outgoing webhook, Apprise."""

import asyncio
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import formatdate
from importlib import import_module
from json import dumps
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import aiohttp
from aiosmtplib import SMTP, SMTPException
from standardwebhooks.webhooks import Webhook

from srhooks.config import Settings
from srhooks.domain.alerts import AlertMessage, Channel, domain_of
from srhooks.egress import is_loopback
from srhooks.incidents.messages import html_text, plain_text

TIMEOUT = 20.0  # seconds for one message
DEFAULT_PORTS = {"smtp": 587, "smtps": 465}


class ChannelError(Exception):
    """The message was not sent. The text holds no secret and no address."""


class AlertChannel(Protocol):
    name: Channel

    async def send(self, message: AlertMessage) -> None:
        """Raises ChannelError. Called again with the same message until it returns, for a day."""


class EmailChannel:
    """E-mail by SMTP (RFC 5321): STARTTLS where it is offered, certificates are verified."""

    name: Channel = "email"

    def __init__(
        self, url: str, sender: str, app_url: str, tls: ssl.SSLContext | None = None
    ) -> None:
        self._tls = tls
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port or DEFAULT_PORTS[parts.scheme]
        self._implicit_tls = parts.scheme == "smtps"
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._sender = sender
        self._footer = (
            f"Sent by srhooks at {app_url}. Change or stop it at {app_url}/account/alerts"
        )

    async def send(self, message: AlertMessage) -> None:
        try:
            async with asyncio.timeout(TIMEOUT):
                await self._send(self._mail(message))
        except (SMTPException, OSError, ValueError, TimeoutError, ssl.SSLError) as error:
            raise ChannelError(type(error).__name__) from None

    async def _send(self, mail: EmailMessage) -> None:
        # No time-outs of its own, ours is for the whole: it waits with `asyncio.wait_for`, which in
        # Python 3.11 loses a cancellation that comes together with an answer, and stopping hangs.
        client = SMTP(
            hostname=self._host, port=self._port, use_tls=self._implicit_tls, start_tls=False,
            timeout=None, tls_context=self._tls,
        )  # fmt: skip
        await client.connect()
        try:
            await client.ehlo()
            encrypted = self._implicit_tls
            if not encrypted and client.supports_extension("starttls"):
                await client.starttls(tls_context=self._tls)
                await client.ehlo()
                encrypted = True
            if self._user:
                if not encrypted and not is_loopback(self._host):
                    raise ChannelError("the server offers no TLS: the password is not sent")
                await client.login(self._user, self._password)
            await client.send_message(mail)
            await client.quit()
        finally:
            client.close()

    def _mail(self, message: AlertMessage) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self._sender
        mail["To"] = message.target
        mail["Subject"] = f"[srhooks] {message.message['subject']}"
        mail["Date"] = formatdate(message.created_at / 1000)
        mail["Message-ID"] = f"<{message.public_id}@{domain_of(self._sender)}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
        mail.set_content(plain_text(message.message, self._footer))
        mail.add_alternative(html_text(message.message, self._footer), subtype="html")
        return mail


class WebhookChannel:
    """A POST signed as Standard Webhooks has it; `text` is what chat systems show."""

    name: Channel = "webhook"

    def __init__(self, session: aiohttp.ClientSession, url: str, secret: str) -> None:
        self._session = session
        self._url = url
        self._signer = Webhook(secret)

    async def send(self, message: AlertMessage) -> None:
        now = datetime.now(UTC)
        body = dumps(_payload(message), separators=(",", ":"))
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.public_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(message.public_id, now, body),
        }
        try:
            async with self._session.post(
                self._url, data=body, headers=headers, allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT),
            ) as answer:  # fmt: skip
                if not 200 <= answer.status < 300:
                    raise ChannelError(f"it answered {answer.status}")
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise ChannelError(type(error).__name__) from None


class AppriseChannel:
    """Many chat services by the library Apprise (an extra); the operator names them alone."""

    name: Channel = "apprise"

    def __init__(self, urls: tuple[str, ...]) -> None:
        self._apprise: Any = import_module("apprise").Apprise()
        for url in urls:
            self._apprise.add(url)

    async def send(self, message: AlertMessage) -> None:
        title = f"[srhooks] {message.message['subject']}"
        body = "\n".join([*message.message["lines"], message.message["url"]])
        try:
            async with asyncio.timeout(TIMEOUT):
                sent = await asyncio.to_thread(self._apprise.notify, body=body, title=title)
        except Exception as error:
            raise ChannelError(type(error).__name__) from None
        if not sent:
            raise ChannelError("one of the services refused it")


def make_channels(settings: Settings, session: aiohttp.ClientSession) -> list[AlertChannel]:
    channels: list[AlertChannel] = []
    if settings.smtp_url is not None:
        channels.append(
            EmailChannel(
                settings.smtp_url, settings.smtp_from, settings.app_url, settings.egress.tls
            )
        )
    if settings.alert_webhook_url is not None:
        channels.append(
            WebhookChannel(session, settings.alert_webhook_url, settings.alert_webhook_secret)
        )
    if settings.alert_apprise_urls:
        channels.append(AppriseChannel(settings.alert_apprise_urls))
    return channels


def _payload(message: AlertMessage) -> dict[str, Any]:
    """Standard Webhooks: `type`, `timestamp`, `data`."""
    content = message.message
    data = {name: content[name] for name in ("incident", "incidents", "url") if name in content}
    moment = datetime.fromtimestamp(message.created_at / 1000, UTC)
    timestamp = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"type": content["type"], "timestamp": timestamp, "text": content["text"], "data": data}
