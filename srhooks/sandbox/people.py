"""The invented people one can log in as.

Their ids never change, whatever the seed: a receiver that keeps its history by user finds it
again after the sandbox was restarted.
"""

from dataclasses import dataclass
from typing import Any

COMPANY_ID = "AcmeCorporation"
ADMINISTRATOR = "ADMINISTRATOR"
ROLE_NAMES = {ADMINISTRATOR: "Administrator", "EXTENDED": "Extended User", "BASIC": "Basic User"}


@dataclass(frozen=True, kw_only=True)
class SandboxUser:
    """One account of the invented company."""

    id: str
    first_name: str
    last_name: str
    email: str
    role: str  # the systemRole id
    job_title: str

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"


def company_people() -> list[SandboxUser]:
    """Two administrators and two who are not."""
    return [
        SandboxUser(
            id="5f0c6b1ae4b0a7d21c9e0001",
            first_name="Ada",
            last_name="Novak",
            email="ada.novak@acme.example",
            role=ADMINISTRATOR,
            job_title="Head of Talent",
        ),
        SandboxUser(
            id="5f0c6b1ae4b0a7d21c9e0002",
            first_name="Grace",
            last_name="Ito",
            email="grace.ito@acme.example",
            role=ADMINISTRATOR,
            job_title="HR Systems Engineer",
        ),
        SandboxUser(
            id="5f0c6b1ae4b0a7d21c9e0003",
            first_name="Omar",
            last_name="Haddad",
            email="omar.haddad@acme.example",
            role="EXTENDED",
            job_title="Recruiter",
        ),
        SandboxUser(
            id="5f0c6b1ae4b0a7d21c9e0004",
            first_name="Lena",
            last_name="Vogel",
            email="lena.vogel@acme.example",
            role="BASIC",
            job_title="Engineering Manager",
        ),
    ]


def user_json(user: SandboxUser) -> dict[str, Any]:
    """A user as `users/me` returns it."""
    return {
        "id": user.id,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "email": user.email,
        "active": True,
        "ssoLoginMode": "PASSWORD",
        "systemRole": {"id": user.role, "name": ROLE_NAMES[user.role]},
        "location": {"country": "Germany", "countryCode": "de", "city": "Berlin"},
        "language": {"code": "en"},
        "updatedOn": "2026-03-02T09:14:05.000Z",
    }
