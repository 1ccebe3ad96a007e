"""Bodies, links and entities of the strict double, by the vendor's own description of its API.

By the longest beginning of an event's name. What no public text describes is left out: a kind
whose schema is not public answers its id alone.
"""

from typing import Any

from tests.support.strict_refusals import SHAPES

# The newer ones, of which the vendor's description of webhooks does not tell yet.
INTERVIEWS = ("interview.created", "interview.updated", "interview.canceled")
INTERVIEW_BODY = ("interview_id", "application_id", "candidate_id", "company_id")
EVENTS = (*SHAPES["event_name"]["enum"], *INTERVIEWS)
# Beginning: the body's schema, the link's path, the scope that reads it (of onboarding: unknown).
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
    "interview.": (
        "interview", "/interviews-api/v201904/interviews/{interview_id}", "interviews_read",
    ),
}  # fmt: skip


def _kind(event: str) -> tuple[str, str, str]:
    return _KINDS[max((head for head in _KINDS if event.startswith(head)), key=len)]


BODIES = {event: _kind(event)[0] for event in EVENTS}
LINKS = {event: _kind(event)[1] for event in EVENTS}
SCOPES = {event: _kind(event)[2] for event in EVENTS}
MOMENT = "2026-11-24T13:00:00.000Z"


def body_fields(event: str) -> tuple[str, ...]:
    return INTERVIEW_BODY if event in INTERVIEWS else tuple(SHAPES[BODIES[event]]["fields"])


def entity(event: str, base: str, path: str) -> dict[str, Any]:
    """What the link of `event` leads to, with the required fields of its schema."""
    last = path.rpartition("/")[2]
    link = {"url": base + path, "method": "GET"}
    details, zoe = {"details": link}, {"id": "zoe-1", "firstName": "Zoe", "lastName": "Quist"}
    match BODIES[event], event.partition(".")[0]:
        case "job_webhook_payload", _:
            return {
                "id": last, "title": "Pastry cook", "refNumber": "REF1A", "createdOn": MOMENT,
                "updatedOn": MOMENT, "status": "SOURCING", "postingStatus": "PUBLIC",
                "department": {"id": "1", "label": "Kitchen"}, "actions": details,
                "location": {"country": "France", "countryCode": "fr", "city": "Lyon"},
            }  # fmt: skip
        case "job_ad_webhook_payload", _:
            return {
                "id": last, "title": "Pastry cook", "language": {"code": "fr"}, "jobAd": {},
                "createdOn": MOMENT, "updatedOn": MOMENT, "postingStatus": "PUBLISHED",
                "default": True, "actions": {"postings": link}, "creator": zoe,
                "visibility": "PUBLIC",
            }  # fmt: skip
        case "candidate_webhook_payload", _:
            return {
                "id": last, "internal": False, "firstName": "Zoé", "lastName": "Brûlé",
                "email": "zoe@example.org", "createdOn": MOMENT,
                "actions": {"properties": {**link, "url": f"{base}{path}/properties"}},
            }  # fmt: skip
        case "application_webhook_payload", _:
            return {"status": "NEW", "source": "Website", "actions": details, "url": base + path}
        case "application_attachment_webhook_payload", _:
            attachment = {
                "id": "a1", "name": "CV.pdf", "type": "RESUME", "contentType": "application/pdf",
            }  # fmt: skip
            return {"totalFound": 1, "content": [attachment]}
        case "offer_webhook_payload", _:
            return {
                "id": last, "status": "CREATED", "createdOn": MOMENT, "updatedOn": MOMENT,
                "actions": details,
            }  # fmt: skip
        case "interview", _:
            slot = {
                "startsOn": "2026-12-01T09:00:00.000Z", "endsOn": "2026-12-01T09:45:00.000Z",
                "title": "First talk", "interviewers": [{"id": "zoe-1", "status": "pending"}],
            }  # fmt: skip
            return {
                "id": last, "candidate": {"id": "c1"}, "jobId": "j1", "organizerId": "zoe-1",
                "timezone": "Europe/Paris", "timeslots": [slot], "createdOn": MOMENT,
            }  # fmt: skip
    return {"id": last}
