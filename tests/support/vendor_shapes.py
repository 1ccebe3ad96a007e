"""Whether a thing has the form that the vendor's own description of its API gives it.

`tests/data/vendor_shapes.json` has the fields, the required ones and the enums of each schema. A
thing may not have a field that its schema lacks, nor lack one that is required.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

SHAPES: dict[str, dict[str, list[str]]] = json.loads(
    (Path(__file__).parent.parent / "data" / "vendor_shapes.json").read_text()
)
# The longest beginning of an event's name that stands here says what its body is.
BODIES = {
    "job.": "job_webhook_payload",
    "job.ad.": "job_ad_webhook_payload",
    "job.ad.postings.": "job_ad_postings_webhook_payload",
    "job.approval.": "job_approval_webhook_payload",
    "job.approver.": "job_approval_webhook_payload",
    "position.": "position_webhook_payload",
    "application.": "application_webhook_payload",
    "application.attachment.": "application_attachment_webhook_payload",
    "application.screening-answers.": "screening_questions_answers_webhook_payload",
    "candidate.": "candidate_webhook_payload",
    "offer.": "offer_webhook_payload",
    "offer.approval.": "offer_approval_webhook_payload",
    "offer.approver.": "offer_approval_webhook_payload",
    "review.": "review_webhook_payload",
    "onboarding.process.": "onboarding_process_webhook_payload",
    "onboarding.assignments.": "onboarding_assignments_completed_webhook_payload",
}
INTERVIEWS = ("interview.created", "interview.updated", "interview.canceled")
INTERVIEW_BODY = {"interview_id", "application_id", "candidate_id", "company_id"}
# The entity a link leads to, and the schemas of what is inside it.
ENTITIES = {
    "job.created": "job_details",
    "job.hiring-team.updated": "hiring_team_members",
    "job.ad.created": "job_ad_item",
    "position.created": "job_position",
    "application.created": "application",
    "application.fields.updated": "candidate_properties",
    "application.attachment.created": "candidate_attachments_for_job",
    "candidate.created": "candidate_details",
    "offer.created": "offer",
    "interview.created": "interview",
}
INSIDE = {
    ("job_details", "actions"): "job_details_actions",
    ("job_details", "department"): "department",
    ("job_details", "compensation"): "compensation",
    ("job_details", "location"): "location",
    ("job_details", "creator"): "user_identity",
    ("job_details", "jobAd"): "job_ad",
    ("job_ad_item", "jobAd"): "job_ad",
    ("job_ad_item", "language"): "job_ad_language",
    ("job_ad_item", "actions"): "job_ad_item_actions",
    ("job_ad", "sections"): "job_ad_sections",
    ("job_ad_sections", "jobDescription"): "job_ad_section",
    ("hiring_team_members", "content"): "hiring_team_member_response",
    ("hiring_team_member_response", "actions"): "hiring_team_member_response_actions",
    ("candidate", "actions"): "candidate_actions",
    ("candidate", "location"): "candidate_location",
    ("candidate", "primaryAssignment"): "candidate_primary_assignment",
    ("candidate_details", "actions"): "candidate_details_actions",
    ("candidate_details", "location"): "candidate_location",
    ("candidate_details", "web"): "web",
    ("candidate_details", "education"): "education",
    ("candidate_details", "experience"): "experience",
    ("candidate_details", "primaryAssignment"): "candidate_primary_assignment",
    ("candidate_primary_assignment", "job"): "candidate_primary_assignment_job",
    ("candidate_primary_assignment_job", "actions"): "candidate_primary_assignment_job_actions",
    ("candidate_properties", "content"): "candidate_property",
    ("candidate_property", "actions"): "candidate_property_actions",
    ("candidate_attachments_for_job", "content"): "candidate_attachment_for_job",
    ("candidate_attachment_for_job", "actions"): "candidate_attachment_for_job_actions",
    ("job_summary", "location"): "location",
    ("job_summary", "department"): "department",
    ("job_summary", "language"): "language",
    ("job_positions", "content"): "job_position",
    ("error_response", "errors"): "error",
    ("interview", "timeslots"): "timeslot",
    ("timeslot", "interviewers"): "interviewer",
    ("callback_request", "requestDetails"): "callback_request_request_details",
}
ENUMS = {
    ("job_details", "status"): "job_status",
    ("job_summary", "status"): "job_status",
    ("job_summary", "postingStatus"): "posting_status",
    ("candidate_property", "type"): "candidate_property_type",
    ("job_details", "postingStatus"): "posting_status",
    ("hiring_team_member_response", "role"): "hiring_team_member_role",
    ("application", "status"): "candidate_status_enum",
    ("candidate_primary_assignment", "status"): "candidate_status_enum",
    ("timeslot", "candidateStatus"): "candidate_attendee_status_value",
    ("offer", "status"): "offer",
    ("subscription", "status"): "subscription",
    ("callback_request", "status"): "callback_request_status",
}


def faults(value: Any, shape: str, where: str = "") -> Iterable[str]:
    """Everything in `value` that its schema does not have or must have, by path."""
    if isinstance(value, list):
        for item in value:
            yield from faults(item, shape, where)
        return
    if value is None:
        return
    known, required = set(SHAPES[shape]["fields"]), set(SHAPES[shape].get("required", ()))
    yield from (f"{where}: {shape} has no {name}" for name in value.keys() - known)
    yield from (f"{where}: {shape} lacks {name}" for name in required - value.keys())
    for name, item in value.items():
        if (shape, name) in INSIDE:
            yield from faults(item, INSIDE[shape, name], f"{where}.{name}")
        if (shape, name) in ENUMS and item not in SHAPES[ENUMS[shape, name]]["enum"]:
            yield f"{where}.{name}: {item} is none of {ENUMS[shape, name]}"
