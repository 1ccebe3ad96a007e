"""Which OAuth scope reads the entity that an event is about.

Source: developers.smartrecruiters.com, "Authentication" and the description of each API. Nothing
public names the scope that reads onboarding processes.
"""

from collections.abc import Collection

from srhooks.protocol.event_catalog import ENTITY_KINDS

MANAGE_WEBHOOKS = "webhooks_manage"
READ_COMPANY = "company_read"
# The kinds that an event's name tells: those of the catalog are finer (`job-ad`, `attachments`).
PLAIN_KINDS = (
    "job", "position", "approval", "application", "candidate", "offer", "review", "interview",
    "onboarding",
)  # fmt: skip
SCOPE_OF_KIND: dict[str, str | None] = {kind: ENTITY_KINDS[kind][0] for kind in PLAIN_KINDS}
SCOPES = frozenset(scope for scope in SCOPE_OF_KIND.values() if scope) | {
    MANAGE_WEBHOOKS, "webhooks_read", "webhooks_write", "webhooks_delete", READ_COMPANY,
    "user_me_read", "audit_events_read",
}  # fmt: skip
APPROVALS = (".approval.", ".approver.")


def entity_kind(event_name: str | None) -> str | None:
    """The kind of entity that an event's link leads to; None for an event that is not known."""
    name = event_name or ""
    family = name.partition(".")[0]
    if family in {"job", "offer"} and any(part in name for part in APPROVALS):
        return "approval"
    return family if family in SCOPE_OF_KIND else None


def needed_scope(event_name: str | None) -> str | None:
    """None where it is not known."""
    return SCOPE_OF_KIND.get(entity_kind(event_name) or "")


def can_read(
    event_name: str, scopes: Collection[str] | None, refused_kinds: Collection[str]
) -> bool | None:
    """Whether a credential reads the event's entity; None where that is not known.

    `scopes` are the granted ones, where they are known; `refused_kinds` those whose entities the
    service refused (403).
    """
    kind, scope = entity_kind(event_name), needed_scope(event_name)
    if kind in refused_kinds:
        return False
    if scopes is None or scope is None or SCOPES.isdisjoint(scopes):
        return None
    return scope in scopes
