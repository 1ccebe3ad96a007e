"""OAuth scopes and system roles: which one a call needs.

Source: developers.smartrecruiters.com, "Authentication" and the description of each API. A token
without the scope is refused with a 403 that names `OAuthPermissionsException`; a system role that
is too low is refused although the scope is there.
"""

from srhooks.sandbox.people import ADMINISTRATOR

SCOPE_MEANINGS = {
    "webhooks_manage": "Create, activate and delete webhook subscriptions",
    "webhooks_read": "Read webhook subscriptions",
    "webhooks_write": "Create and activate webhook subscriptions",
    "webhooks_delete": "Delete webhook subscriptions",
    "jobs_read": "Read jobs, positions and job ads",
    "candidates_read": "Read candidates, applications, attachments and screening answers",
    "candidates_offers_read": "Read offers",
    "reviews_read": "Read reviews",
    "interviews_read": "Read interviews",
    "approvals_read": "Read approvals of jobs and offers",
    "users_read": "Read the company's users",
    "user_me_read": "Read your name, e-mail address and role",
    "company_read": "Read the company's name and identifier",
    "audit_events_read": "Read the audit log",
}
ALL_SCOPES = " ".join(SCOPE_MEANINGS)
# The method of a webhooks call, and the scope that suffices for it beside `webhooks_manage`.
WEBHOOK_SCOPES = {
    "GET": "webhooks_read",
    "POST": "webhooks_write",
    "PUT": "webhooks_write",
    "DELETE": "webhooks_delete",
}
ADMINISTRATORS_ONLY = ("/webhooks-api/", "/audit-api/")


def scopes_for(method: str, path: str) -> tuple[str, ...]:
    """Any one of these scopes allows the call."""
    first, *rest = path.strip("/").split("/")
    if first == "webhooks-api":
        return ("webhooks_manage", WEBHOOK_SCOPES.get(method, "webhooks_manage"))
    roots = {
        "jobs": "jobs_read",
        "approvals-api": "approvals_read",
        "interviews-api": "interviews_read",
        "reviews-api": "reviews_read",
        "configuration": "company_read",
        "audit-api": "audit_events_read",
    }
    if first in roots:
        return (roots[first],)
    if first == "user-api":
        return ("user_me_read",) if rest[-1:] == ["me"] else ("users_read",)
    below_application = {"offers": "candidates_offers_read", "reviews": "reviews_read"}
    return (
        next(
            (below_application[part] for part in rest if part in below_application),
            "candidates_read",
        ),
    )


def role_allows(role: str, path: str) -> bool:
    """Whether the system role is high enough for the call."""
    return role == ADMINISTRATOR or not path.startswith(ADMINISTRATORS_ONLY)


def unknown_scopes(scope: str) -> list[str]:
    """Those that the service does not have."""
    return [name for name in scope.split() if name not in SCOPE_MEANINGS]
