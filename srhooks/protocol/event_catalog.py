"""The catalog of events: what each means, what its body names, where its link leads.

The one source for the picker, the sandbox, `GET /events` and `/asyncapi.json`. Sources:
developers.smartrecruiters.com, "Subscribable events" and the description of the webhooks API (the
fields of each body; all are strings and required); the interview events are newer. The paths of
links to reviews, onboarding processes and details of an application are assumed.
"""

from dataclasses import dataclass

from srhooks.protocol.entity_examples import ENTITY_EXAMPLES, EXAMPLE_IDS
from srhooks.protocol.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign

EVENT_VERSION = "v201910"
# The key of the worked example in the service's documentation: it signs the examples here.
EXAMPLE_KEY = "HeBVky2bccvvkcXPimH8c"
EXAMPLE_TIMESTAMP = "1574080897"
API_URL = "https://api.smartrecruiters.com"

JOB = "/jobs/{id}"
AD = "/jobs/{job_id}/jobads/{job_ad_id}"
POSITION = "/jobs/{job_id}/positions/{position_id}"
APPROVAL = "/approvals-api/v201910/approvals/{approval_id}"
CANDIDATE = "/candidates/{id}"
APPLICATION = "/candidates/{candidate_id}/jobs/{job_id}"
OFFER = f"{APPLICATION}/offers/{{offer_id}}"
REVIEW = "/reviews-api/v201907/reviews/{review_id}"
ONBOARDING = "/onboarding-api/v201910/processes/{onboarding_process_id}"
INTERVIEW = "/interviews-api/v201904/interviews/{interview_id}"

# The kind of entity behind a link: the scope that reads it (None: not publicly known), and what
# it shows, as "Sends a link to ...".
ENTITY_KINDS: dict[str, tuple[str | None, str]] = {
    "job": ("jobs_read", "the job with its title, status, department and location"),
    "hiring-team": ("jobs_read", "the hiring team of a job"),
    "job-ad": ("jobs_read", "the job advertisement, its texts and languages"),
    "postings": ("jobs_read", "the postings of the advertisement: where it is published"),
    "position": ("jobs_read", "the position of a job: opening, type, target start and status"),
    "approval": ("approvals_read", "the approval, its steps and decisions"),
    "candidate": ("candidates_read", "the candidate: name, contact, location, tags"),
    "application": ("candidates_read", "the candidate's application to a job: status and source"),
    "properties": ("candidates_read", "the fields of the application"),
    "onboarding-status": ("candidates_read", "the onboarding status of the application"),
    "attachments": ("candidates_read", "the attachments of the application"),
    "screening-answers": ("candidates_read", "the answers to the screening questions"),
    "offer": ("candidates_offers_read", "the offer: its status and terms"),
    "review": ("reviews_read", "the review of a candidate: rating and comment"),
    "interview": ("interviews_read", "the interview: when, who, which job"),
    "onboarding": (None, "the onboarding process of a hired person"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """One event that SmartRecruiters announces."""

    name: str
    meaning: str
    fields: tuple[str, ...]  # of the body
    path: str  # of the link, with the body's fields
    entity_kind: str
    gone: bool = False  # its link answers 404 or 410: the thing was deleted

    @property
    def family(self) -> str:
        return self.name.partition(".")[0]

    @property
    def scope(self) -> str | None:
        """The OAuth scope that reads its entity; None: not publicly known."""
        return ENTITY_KINDS[self.entity_kind][0]

    @property
    def text(self) -> str:
        """What it sends, as a sentence."""
        subject = ENTITY_KINDS[self.entity_kind][1]
        if self.gone:
            thing = subject.partition(":")[0]
            return f"Sends a link to {thing}, which then answers that it is deleted."
        return f"Sends a link to {subject}."

    def example_body(self) -> dict[str, str]:
        root = {"job": "job_id", "candidate": "candidate_id"}
        return {
            name: EXAMPLE_IDS[root[self.family] if name == "id" else name] for name in self.fields
        }

    def example_headers(self, body: bytes) -> dict[str, str]:
        """All headers of a notification with that body, signed with EXAMPLE_KEY."""
        path = self.path.format_map(EXAMPLE_IDS | self.example_body())
        headers = {
            "content-type": "application/json",
            "event-id": "123",
            "event-name": self.name,
            "event-version": EVENT_VERSION,
            "link": f"<{API_URL}{path}>; rel=self",
            TIMESTAMP_HEADER: EXAMPLE_TIMESTAMP,
        }
        return headers | {SIGNATURE_HEADER: sign(EXAMPLE_KEY, headers, body)}

    def example_entity(self) -> dict[str, object]:
        """The entity at the link; of a deleted one, its last state."""
        return ENTITY_EXAMPLES[self.entity_kind]


def _events() -> tuple[EventType, ...]:
    def group(
        fields: str, path: str, kind: str, meanings: dict[str, str], *, gone: bool = False
    ) -> list[EventType]:
        return [
            EventType(
                name=name,
                meaning=meaning,
                fields=tuple(fields.split()),
                path=path,
                entity_kind=kind,
                gone=gone,
            )
            for name, meaning in meanings.items()
        ]

    def approvals(subject: str, fields: str) -> list[EventType]:
        meanings = {
            "approval.created": f"An approval of the {subject} was requested.",
            "approval.approved": f"The {subject} was approved: all steps are done.",
            "approval.rejected": f"The approval of the {subject} was rejected.",
            "approval.abandoned": f"The approval of the {subject} was withdrawn before its end.",
            "approval.step.approved": f"One step in the approval of the {subject} was approved.",
            "approval.step.rejected": f"One step in the approval of the {subject} was rejected.",
            "approval.comment.created": f"Somebody commented on the approval of the {subject}.",
            "approver.skipped": f"An approver of the {subject} was skipped.",
            "approver.delegated": f"An approver of the {subject} passed the decision on.",
        }
        named = {f"{subject}.{name}": text for name, text in meanings.items()}
        return group(fields, APPROVAL, "approval", named)

    application = "job_id candidate_id application_id"
    offer = "job_id candidate_id offer_id"
    interview = "interview_id application_id candidate_id company_id"
    onboarding = "onboarding_process_id new_hire_id"
    return (
        *group("id", JOB, "job", {
            "job.created": "A job was created.",
            "job.updated": "Details of a job changed.",
            "job.status.updated": "A job moved to another status.",
        }),
        *group("id", f"{JOB}/hiring-team", "hiring-team", {
            "job.hiring-team.updated": "Somebody joined or left the hiring team of a job.",
        }),
        *group("job_id job_ad_id", AD, "job-ad", {
            "job.ad.created": "A job advertisement was created.",
            "job.ad.updated": "The text of a job advertisement changed.",
        }),
        *group("job_id job_ad_id", f"{AD}/postings", "postings", {
            "job.ad.postings.updated": "A job advertisement was published or taken down.",
        }),
        *approvals("job", "approval_id job_id"),
        *group("job_id position_id", POSITION, "position", {
            "position.created": "A position was added to a job.",
            "position.updated": "Details of a position changed.",
        }),
        *group("job_id position_id", POSITION, "position", {
            "position.deleted": "A position was deleted.",
        }, gone=True),
        *group(application, APPLICATION, "application", {
            "application.created": "Somebody applied to a job, or was added to it.",
            "application.status.updated": "An application moved to another step.",
        }),
        *group(application, f"{APPLICATION}/properties", "properties", {
            "application.fields.updated": "Fields of an application changed.",
        }),
        *group(application, f"{APPLICATION}/onboarding-status", "onboarding-status", {
            "application.onboarding-status.updated": "The onboarding of an application moved on.",
        }),
        *group(f"{application} attachment_id", f"{APPLICATION}/attachments", "attachments", {
            "application.attachment.created": "A file was attached to an application.",
        }),
        *group(application, APPLICATION, "application", {
            "application.source.updated": "The source of an application changed.",
        }),
        *group(application, f"{APPLICATION}/screening-answers", "screening-answers", {
            "application.screening-answers.created": "Screening questions were answered.",
            "application.screening-answers.updated": "Answers to screening questions changed.",
        }),
        *group("id", CANDIDATE, "candidate", {
            "candidate.created": "A candidate was added.",
            "candidate.updated": "Details of a candidate changed.",
        }),
        *group("id", CANDIDATE, "candidate", {
            "candidate.deleted": "A candidate was deleted, with all applications.",
        }, gone=True),
        *group(offer, OFFER, "offer", {
            "offer.created": "An offer was created.",
            "offer.updated": "The status or the terms of an offer changed.",
        }),
        *approvals("offer", "approval_id job_id candidate_id offer_id"),
        *group("application_id review_id", REVIEW, "review", {
            "review.created": "Somebody reviewed a candidate.",
            "review.updated": "A review of a candidate changed.",
        }),
        *group("application_id review_id", REVIEW, "review", {
            "review.deleted": "A review of a candidate was deleted.",
        }, gone=True),
        *group(onboarding, ONBOARDING, "onboarding", {
            "onboarding.process.started": "The onboarding of a new hire started.",
            "onboarding.assignments.high-priority.completed":
                "All assignments of high priority in an onboarding are done.",
            "onboarding.assignments.completed": "All assignments in an onboarding are done.",
        }),
        *group(interview, INTERVIEW, "interview", {
            "interview.created": "An interview was scheduled.",
            "interview.updated": "The time or the people of an interview changed.",
        }),
        *group(interview, INTERVIEW, "interview", {
            "interview.canceled": "An interview was cancelled.",
        }, gone=True),
    )  # fmt: skip


EVENT_TYPES = {event.name: event for event in _events()}
