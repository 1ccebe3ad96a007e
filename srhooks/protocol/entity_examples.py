"""What a link leads to, one invented example of each kind of entity.

The fields are those of the vendor's API description, as far as it has one: a review, an approval,
an onboarding process, postings, screening answers and an onboarding status are assumed.
"""

from typing import Any

EXAMPLE_IDS = {
    "job_id": "0fd5d2f4-9f2e-4b0e-8f0b-1a7c3b1c9e01",
    "job_ad_id": "b9a1f0c3-6f0d-4a4b-9d55-6a1d0a3c7e02",
    "approval_id": "5c3a9b52-0f64-4d1f-8a6e-2b7d9c4e1f03",
    "position_id": "7e2b6a10-58c1-4f4e-9f3a-3c8e0d5f2a04",
    "candidate_id": "c1d9e8f7-2a3b-4c5d-8e9f-4d9f1e6a3b05",
    "application_id": "9b8a7c6d-5e4f-4a3b-9c2d-5e0a2f7b4c06",
    "attachment_id": "3d4e5f60-7182-4394-8a5b-6f1b3a8c5d07",
    "offer_id": "e0f1a2b3-c4d5-4e6f-9071-702c4b9d6e08",
    "review_id": "1a2b3c4d-5e6f-4708-9192-813d5c0e7f09",
    "onboarding_process_id": "f6e5d4c3-b2a1-4099-8878-924e6d1f8a10",
    "new_hire_id": "2c4e6a8b-0d1f-4325-8476-a35f7e2a9b11",
    "interview_id": "8d7c6b5a-4938-4271-9605-b46a8f3b0c12",
    "company_id": "AcmeCorporation",
}
CREATED, UPDATED = "2026-11-24T13:00:00.123Z", "2026-11-24T13:05:10.456Z"
JOB_PATH = f"/jobs/{EXAMPLE_IDS['job_id']}"
CANDIDATE_PATH = f"/candidates/{EXAMPLE_IDS['candidate_id']}"
APPLICATION_PATH = f"{CANDIDATE_PATH}{JOB_PATH}"
ADA = {"id": "5f0c6b1ae4b0a7d21c9e0001", "firstName": "Ada", "lastName": "Novak"}
LOCATION = {"country": "Germany", "countryCode": "de", "region": "Berlin", "city": "Berlin"}


def _action(path: str) -> dict[str, str]:
    return {"url": f"https://api.smartrecruiters.com{path}", "method": "GET"}


AD_TEXTS = {
    "sections": {"jobDescription": {"title": "What you do", "text": "Site Reliability Engineer"}},
    "language": {"code": "en"},
}
ENTITY_EXAMPLES: dict[str, dict[str, Any]] = {
    "job": {
        "id": EXAMPLE_IDS["job_id"],
        "title": "Site Reliability Engineer",
        "refNumber": "REF4711K",
        "createdOn": CREATED,
        "updatedOn": UPDATED,
        "lastActivityOn": UPDATED,
        "department": {"id": "1011", "label": "Engineering"},
        "location": LOCATION,
        "status": "SOURCING",
        "postingStatus": "PUBLIC",
        "targetHiringDate": "2027-02-01",
        "creator": ADA,
        "compensation": {"min": 60000, "max": 82000, "currency": "EUR"},
        "actions": {
            "details": _action(JOB_PATH),
            "hiringTeam": _action(f"{JOB_PATH}/hiring-team"),
            "positions": _action(f"{JOB_PATH}/positions"),
        },
    },
    "hiring-team": {
        "totalFound": 1,
        "content": [
            {
                "role": "RECRUITER",
                "actions": {"details": _action(f"/user-api/v201804/users/{ADA['id']}")},
            }
        ],
    },
    "job-ad": {
        "id": EXAMPLE_IDS["job_ad_id"],
        "title": "Site Reliability Engineer",
        "language": {"code": "en"},
        "jobAd": AD_TEXTS,
        "createdOn": CREATED,
        "updatedOn": UPDATED,
        "postingStatus": "PUBLISHED",
        "default": True,
        "actions": {
            "postings": _action(f"{JOB_PATH}/jobads/{EXAMPLE_IDS['job_ad_id']}/postings"),
        },
        "creator": ADA,
        "visibility": "PUBLIC",
    },
    "postings": {
        "totalFound": 1,
        "content": [{"id": "career-site", "source": "Career site", "status": "ACTIVE"}],
    },
    "position": {
        "id": EXAMPLE_IDS["position_id"],
        "positionId": "P-2048",
        "type": "NEW",
        "incumbentName": None,
        "positionOpenDate": "2026-11-24",
        "targetStartDate": "2027-02-01",
        "status": "OPEN",
    },
    "approval": {
        "id": EXAMPLE_IDS["approval_id"],
        "subject": {"type": "JOB", "title": "Site Reliability Engineer"},
        "status": "PENDING",
        "createdBy": ADA,
        "createdOn": CREATED,
        "updatedOn": UPDATED,
        "steps": [{"order": 1, "status": "PENDING", "approvers": [{**ADA, "decision": "PENDING"}]}],
        "comments": [],
    },
    "candidate": {
        "id": EXAMPLE_IDS["candidate_id"],
        "internal": False,
        "firstName": "Priya",
        "lastName": "Lindqvist",
        "email": "priya.lindqvist@mail.example",
        "phoneNumber": "+1 202 555 0117",
        "location": LOCATION,
        "createdOn": CREATED,
        "updatedOn": UPDATED,
        "tags": ["relocation"],
        "primaryAssignment": {
            "job": {
                "id": EXAMPLE_IDS["job_id"],
                "title": "Site Reliability Engineer",
                "actions": {"details": _action(JOB_PATH)},
            },
            "status": "IN_REVIEW",
        },
        "actions": {"properties": _action(f"{CANDIDATE_PATH}/properties")},
    },
    "application": {
        "status": "IN_REVIEW",
        "subStatus": "Resume screen",
        "startsOn": None,
        "source": {"sourceTypeId": "JOB_BOARD", "sourceId": "LinkedIn"},
        "reasonOfRejection": None,
        "reasonOfWithdrawal": None,
        "actions": {"details": _action(APPLICATION_PATH)},
    },
    "properties": {
        "content": [
            {
                "id": "salary-expectation",
                "label": "Salary expectation",
                "type": "NUMBER",
                "value": 60000,
                "actions": {"configuration": _action(f"{APPLICATION_PATH}/properties")},
            }
        ]
    },
    "onboarding-status": {"onboardingStatus": "READY_TO_ONBOARD"},
    "attachments": {
        "totalFound": 1,
        "content": [
            {
                "id": EXAMPLE_IDS["attachment_id"],
                "name": "CV.pdf",
                "type": "RESUME",
                "contentType": "application/pdf",
                "actions": {
                    "download": _action(
                        f"{APPLICATION_PATH}/attachments/{EXAMPLE_IDS['attachment_id']}"
                    ),
                    "remove": {
                        **_action(f"{APPLICATION_PATH}/attachments/{EXAMPLE_IDS['attachment_id']}"),
                        "method": "DELETE",
                    },
                },
            }
        ],
    },
    "screening-answers": {
        "totalFound": 1,
        "content": [{"question": "When could you start?", "answers": ["In four weeks"]}],
    },
    "offer": {
        "id": EXAMPLE_IDS["offer_id"],
        "status": "PENDING_ACCEPTANCE",
        "createdOn": CREATED,
        "updatedOn": UPDATED,
        "properties": [{"id": "salary", "label": "Salary", "value": 68000}],
        "actions": {"details": _action(f"{APPLICATION_PATH}/offers/{EXAMPLE_IDS['offer_id']}")},
    },
    "review": {
        "id": EXAMPLE_IDS["review_id"],
        "reviewer": ADA,
        "rating": 4,
        "comment": "Clear thinker, asked good questions.",
        "createdOn": CREATED,
        "updatedOn": UPDATED,
    },
    "interview": {
        "id": EXAMPLE_IDS["interview_id"],
        "candidate": {"id": EXAMPLE_IDS["candidate_id"]},
        "jobId": EXAMPLE_IDS["job_id"],
        "location": "Video call",
        "organizerId": ADA["id"],
        "timezone": "Europe/Berlin",
        "timeslots": [
            {
                "id": "d41d8cd9-8f00-4204-a980-0998ecf84213",
                "title": "Technical interview",
                "startsOn": "2026-12-01T10:00:00.000Z",
                "endsOn": "2026-12-01T10:45:00.000Z",
                "interviewers": [{"id": ADA["id"], "status": "accepted"}],
                "candidateStatus": "pending",
            }
        ],
        "createdOn": CREATED,
    },
    "onboarding": {
        "id": EXAMPLE_IDS["onboarding_process_id"],
        "status": "IN_PROGRESS",
        "startedOn": CREATED,
        "updatedOn": UPDATED,
        "newHire": {"id": EXAMPLE_IDS["new_hire_id"]},
        "assignments": [{"name": "Sign the contract", "priority": "HIGH", "status": "OPEN"}],
    },
}
