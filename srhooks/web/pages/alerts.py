"""`/account/alerts`: who is told of incidents, of which, and when not."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from aiohttp import hdrs, web

from srhooks.domain.alerts import AlertSettings, QuietHours, may_be_told
from srhooks.domain.incidents import INCIDENT_KINDS
from srhooks.incidents.advice import NAMES
from srhooks.incidents.alert_recipients import BadAddressError, read_emails
from srhooks.web.http.content_negotiation import wants_json
from srhooks.web.http.errors import BadRequestError, NotFoundError, WebError
from srhooks.web.http.forms import Form, read_form, read_json, text_of
from srhooks.web.http.responses import json_response, see_other
from srhooks.web.http.session import Login, require_login
from srhooks.web.http.templating import render
from srhooks.web.state.app_keys import ALERT_RECIPIENTS, FLASH, OUTBOX, SETTINGS

PAGE = "/account/alerts"
SHOWN = "alerts"  # of what is shown once
MORE_FIELDS = 2  # empty ones on the page, to add addresses


class NobodyToTellError(WebError):
    status = 409
    hint = "Enter an address, or ask the operator of this srhooks to set up e-mail or a webhook."


ZONES = tuple(sorted(available_timezones()))  # once: they are looked for among thousands of files


async def show(request: web.Request) -> web.Response:
    login = await require_login(request, dead_grant=True)
    if wants_json(request):
        return await _json(request, login)
    app, settings = request.app, request.app[SETTINGS]
    alerts = await app[ALERT_RECIPIENTS].settings(login.user)
    confirmed = await app[ALERT_RECIPIENTS].confirmed(login.user.id)
    trusted = settings.smtp_trusted_domains
    states = {
        email: may_be_told(email, login.user.email, trusted, confirmed) for email in alerts.emails
    }
    ctx = {
        "alerts": alerts,
        "states": states,
        "more_fields": MORE_FIELDS,
        "kinds": [(kind, NAMES[kind]) for kind in INCIDENT_KINDS],
        "zones": ZONES,
        "has_mail": settings.smtp_url is not None,
        "has_webhook": settings.alert_webhook_url is not None,
        "has_apprise": bool(settings.alert_apprise_urls),
        **(await app[FLASH].pop(login.session_id, SHOWN)),
    }
    return render(request, "alerts.html", ctx)


async def save(request: web.Request) -> web.Response:
    login = await require_login(request, dead_grant=True)
    app = request.app
    current = await app[ALERT_RECIPIENTS].settings(login.user)
    try:
        if request.content_type == "application/json":
            chosen = _from_json(await read_json(request), current)
        else:
            chosen = _from_form(await read_form(request), current)
    except BadAddressError as error:
        raise BadRequestError(str(error)) from None
    await app[ALERT_RECIPIENTS].save(login.user, chosen)
    if wants_json(request):
        return await _json(request, login)
    await app[FLASH].save(login.session_id, SHOWN, said="Saved.")
    return see_other(PAGE)


async def send_test(request: web.Request) -> web.Response:
    login = await require_login(request, dead_grant=True)
    app = request.app
    count = await app[OUTBOX].send_test(login.user)
    if not count:
        raise NobodyToTellError("There is no address to send a test message to")
    if wants_json(request):
        return json_response({"sentTo": count})
    said = "A test message is on its way."
    await app[FLASH].save(login.session_id, SHOWN, said=said)
    return see_other(PAGE)


async def confirm(request: web.Request) -> web.Response:
    """The link that was sent to an address: whoever has it need not be logged in."""
    if request.method == hdrs.METH_HEAD:  # a mail gateway that looks at links follows none
        return web.Response()
    email = await request.app[ALERT_RECIPIENTS].confirm(request.match_info["token"])
    if email is None:
        raise NotFoundError("This link has expired")
    return render(request, "alerts_confirmed.html", {"email": email})


async def _json(request: web.Request, login: Login) -> web.Response:
    recipients = request.app[ALERT_RECIPIENTS]
    alerts = await recipients.settings(login.user)
    confirmed = await recipients.confirmed(login.user.id)
    shown = {"email": list(alerts.emails), "kind": list(alerts.kinds), "confirmed": confirmed}
    return json_response({"alerts": shown})


def _from_json(value: Any, current: AlertSettings) -> AlertSettings:
    """Raises BadRequestError or BadAddressError. What is absent stays as it is."""
    if isinstance(value, dict) and isinstance(value.get("alerts"), dict):
        value = value["alerts"]
    if not isinstance(value, dict):
        raise BadRequestError('the body must be an object such as {"email": [], "kind": []}')
    emails = _texts(value, "email")
    if emails is not None and not all(email.strip() for email in emails):
        raise BadRequestError('"email" has an empty address: leave it out')  # a form's may be empty
    kinds = _texts(value, "kind")
    return AlertSettings(
        current.emails if emails is None else read_emails(emails),
        current.kinds if kinds is None else _read_kinds(kinds),
        current.quiet,
    )


def _from_form(form: Form, current: AlertSettings) -> AlertSettings:
    """Raises BadRequestError or BadAddressError."""
    emails = [str(one) for one in form.getall("email", [])]
    kinds = [str(one) for one in form.getall("kind", [])]
    quiet = current.quiet
    if "quietFrom" in form or "quietTo" in form:
        quiet = _read_quiet(form)
    return AlertSettings(read_emails(emails), _read_kinds(kinds), quiet)


def _read_kinds(kinds: list[str]) -> tuple[str, ...]:
    unknown = [kind for kind in kinds if kind not in INCIDENT_KINDS]
    if unknown:
        raise BadRequestError(f"kind must be some of {', '.join(INCIDENT_KINDS)}")
    return tuple(kind for kind in INCIDENT_KINDS if kind in kinds)


def _read_quiet(form: Form) -> QuietHours | None:
    start, end, zone = (text_of(form, name) for name in ("quietFrom", "quietTo", "timeZone"))
    if not start and not end:
        return None
    if zone and zone not in ZONES:
        raise BadRequestError("timeZone must be the name of a time zone, such as Europe/Berlin")
    ZoneInfo(zone or "UTC")
    return QuietHours(_minute(start), _minute(end), zone or "UTC")


def _minute(text: str) -> int:
    """Parse HH:MM into a minute of the day."""
    hours, colon, minutes = text.partition(":")
    digits = f"{hours}{minutes}"
    right = colon and len(minutes) == 2 and digits.isascii() and digits.isdigit()
    if not right or int(hours[:3]) > 23 or int(minutes) > 59:
        raise BadRequestError("Quiet hours need a start and an end such as 22:00 and 07:00")
    return int(hours) * 60 + int(minutes)


def _texts(value: Mapping[str, Any], name: str) -> list[str] | None:
    texts = value.get(name)
    if texts is None:
        return None
    if isinstance(texts, str):
        return [texts]
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise BadRequestError(f'"{name}" must be a list of texts')
    return texts
