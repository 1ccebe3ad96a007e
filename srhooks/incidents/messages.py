"""The messages about an incident: text and HTML for people, for chat, and for programs.

Event names, counts, times and an address on APP_URL alone: no candidate's data (the title and the
details of an incident hold none).
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Literal

from srhooks.domain.clock import iso
from srhooks.domain.incidents import Incident
from srhooks.incidents.advice import NAMES, WHAT_TO_DO, action_of

Change = Literal["opened", "ended", "reminder"]
MARKS: Mapping[Change, str] = {"opened": "Problem", "ended": "Solved", "reminder": "Still open"}


def incident_message(incident: Incident, change: Change, app_url: str) -> dict[str, Any]:
    """The content of one message, as the outbox stores it."""
    name = NAMES[incident.kind]
    since = f"Since {iso(incident.opened_at)}"
    if incident.ended_at is not None:
        since = f"From {iso(incident.opened_at)} to {iso(incident.ended_at)}"
    todo = "" if change == "ended" else WHAT_TO_DO[incident.kind]
    url = app_url + action_of(incident)[0]
    return {
        "type": f"incident.{change}",
        "subject": f"{MARKS[change]}: {name}",
        "lines": [line for line in (incident.title, since, todo) if line],
        "url": url,
        "text": f"{MARKS[change]}: {name}. {incident.title}. {url}",
        "incident": incident_data(incident),
    }


def digest_message(changes: Sequence[tuple[Incident, Change]], app_url: str) -> dict[str, Any]:
    """One message about many changes, in place of one message each."""
    lines = [
        f"{MARKS[change]}: {NAMES[incident.kind]}. {incident.title}"
        for incident, change in changes[:50]
    ]
    if len(changes) > len(lines):
        lines.append(f"and {len(changes) - len(lines)} more")
    subject = f"{len(changes)} incident updates"
    url = f"{app_url}/incidents"
    return {
        "type": "incident.digest",
        "subject": subject,
        "lines": lines,
        "url": url,
        "text": f"{subject}. {url}",
        "incidents": [
            {"change": change, "incident": incident_data(incident)} for incident, change in changes
        ],
    }


def test_message(app_url: str) -> dict[str, Any]:
    return {
        "type": "test",
        "subject": "Test message",
        "lines": ["This is a test of the alerts of srhooks. Nothing is wrong."],
        "url": f"{app_url}/account/alerts",
        "text": f"Test message of srhooks: nothing is wrong. {app_url}/account/alerts",
    }


def confirmation_message(link: str, app_url: str) -> dict[str, Any]:
    return {
        "type": "confirmation",
        "subject": "Confirm your address",
        "lines": [
            f"Somebody asked {app_url} to send alerts about webhooks to this address.",
            "Follow the link if you want them. Otherwise do nothing: no alert is sent.",
        ],
        "url": link,
        "text": f"Confirm that you want alerts: {link}",
    }


def incident_data(incident: Incident) -> dict[str, Any]:
    """The incident in JSON: in alerts, and in `GET /incidents`."""
    return {
        "id": incident.public_id,
        "kind": incident.kind,
        "subscriptionId": incident.subscription_id,
        "title": incident.title,
        "details": dict(incident.details),
        "openedAt": iso(incident.opened_at),
        "endedAt": None if incident.ended_at is None else iso(incident.ended_at),
    }


def plain_text(message: Mapping[str, Any], footer: str) -> str:
    return "\n\n".join([*message["lines"], message["url"], f"-- \n{footer}"]) + "\n"


def html_text(message: Mapping[str, Any], footer: str) -> str:
    url = escape(message["url"])
    first, *rest = message["lines"]
    lines = "".join(f"<p>{escape(line)}</p>" for line in rest)
    return (
        '<!doctype html><html lang="en"><body>'
        f"<h1>{escape(message['subject'])}</h1><p><strong>{escape(first)}</strong></p>{lines}"
        f'<p><a href="{url}">{url}</a></p><hr><p>{escape(footer)}</p></body></html>\n'
    )
