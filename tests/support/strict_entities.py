"""Bodies, links and entities of the strict double, by the vendor's own description of its API.

By the longest beginning of an event's name. What no public text describes is left out.
"""

import json
from pathlib import Path
from typing import Any

_EVENTS: list[str] = json.loads(
    (Path(__file__).parent.parent / "data" / "vendor_shapes.json").read_text()
)["event_name"]["enum"]
# Beginning: the body's schema, the link's path, the scope that reads it.
_KINDS = {
    "job.": ("job_webhook_payload", "/jobs/{id}", "jobs_read"),
    "job.ad.": ("job_ad_webhook_payload", "/jobs/{job_id}/jobads/{job_ad_id}", "jobs_read"),
    "job.app": (
        "job_approval_webhook_payload", "/approvals-api/v201910/approvals/{approval_id}",
        "approvals_read",
    ),
    "position.": (
        "position_webhook_payload", "/jobs/{job_id}/positions/{position_id}", "jobs_read",
    ),
    "application.": (
        "application_webhook_payload", "/candidates/{candidate_id}/jobs/{job_id}",
        "candidates_read",
    ),
    "application.attachment.": (
        "application_attachment_webhook_payload",
        "/candidates/{candidate_id}/jobs/{job_id}/attachments", "candidates_read",
    ),
    "candidate.": ("candidate_webhook_payload", "/candidates/{id}", "candidates_read"),
    "offer.": (
        "offer_webhook_payload", "/candidates/{candidate_id}/jobs/{job_id}/offers/{offer_id}",
        "candidates_offers_read",
    ),
    "offer.app": (
        "offer_approval_webhook_payload", "/approvals-api/v201910/approvals/{approval_id}",
        "approvals_read",
    ),
    "review.": (
        "review_webhook_payload", "/reviews-api/v201907/reviews/{review_id}", "reviews_read",
    ),
    "onboarding.": (
        "onboarding_process_webhook_payload",
        "/onboarding-api/v201910/processes/{onboarding_process_id}", "candidates_read",
    ),
}  # fmt: skip


def _kind(event: str) -> tuple[str, str, str]:
    return _KINDS[max((head for head in _KINDS if event.startswith(head)), key=len)]


BODIES = {event: _kind(event)[0] for event in _EVENTS}
LINKS = {event: _kind(event)[1] for event in _EVENTS}
SCOPES = {event: _kind(event)[2] for event in _EVENTS}


def entity(event: str, path: str) -> dict[str, Any]:
    """What the link of `event` leads to, with the required fields of its schema."""
    last = path.rpartition("/")[2]
    moment = "2026-11-24T13:00:00.000Z"
    actions = {"details": {"url": f"https://api.smartrecruiters.com{path}", "method": "GET"}}
    match BODIES[event], event.partition(".")[0]:
        case "job_webhook_payload", _:
            return {
                "id": last, "title": "Pastry cook", "refNumber": "REF1A", "createdOn": moment,
                "updatedOn": moment, "status": "SOURCING", "postingStatus": "PUBLIC",
                "department": {"id": "1", "label": "Kitchen"}, "actions": actions,
                "location": {"country": "France", "countryCode": "fr", "city": "Lyon"},
            }  # fmt: skip
        case "candidate_webhook_payload", _:
            return {
                "id": last, "internal": False, "firstName": "Zoé", "lastName": "Brûlé",
                "email": "zoe@example.org", "createdOn": moment, "actions": actions,
            }  # fmt: skip
        case "application_webhook_payload", _:
            return {"status": "NEW", "source": "Website", "actions": actions, "url": path}
        case "offer_webhook_payload", _:
            return {
                "id": last, "status": "CREATED", "createdOn": moment, "updatedOn": moment,
                "actions": actions,
            }  # fmt: skip
    return {"id": last}
