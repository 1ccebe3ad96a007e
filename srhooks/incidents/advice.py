"""For each kind of incident: its title, what to do, and the page where."""

from collections.abc import Mapping

from srhooks.domain.incidents import Incident, IncidentKind

NAMES: Mapping[IncidentKind, str] = {
    "suspended": "Subscription stopped",
    "gone": "Subscription deleted",
    "failing": "Deliveries fail",
    "silent": "Nothing arrives",
    "missed": "Notifications were missed",
    "forged": "Forged notifications",
    "unreadable": "Details cannot be loaded",
    "login": "SmartRecruiters login expired",
}
WHAT_TO_DO: Mapping[IncidentKind, str] = {
    "suspended": "Check its callbacks log for failed deliveries, then activate it.",
    "gone": "Create it again if you need it, or dismiss this incident.",
    "failing": "Check that this address can be reached from the internet, and what answers there.",
    "silent": "Check that the subscription is active, and that such events still happen.",
    "missed": "Review and backfill them.",
    "forged": "They are marked, and their links were not followed. If it continues, delete the"
    " subscription and create it again.",
    "unreadable": "Add the scope to the credential in SmartRecruiters, then log in again.",
    "login": "Log in again: notifications are stored meanwhile.",
}
ACTIONS: Mapping[IncidentKind, str] = {
    "gone": "View subscriptions",
    "missed": "View missed notifications",
    "unreadable": "View account",
    "login": "Log in again",
}
PLACES: Mapping[IncidentKind, str] = {
    "gone": "/subscriptions",
    "missed": "/missed",
    "unreadable": "/account",
    "login": "/",
}


def action_of(incident: Incident) -> tuple[str, str]:
    """The address where something is done about it, and what its link says."""
    if incident.kind in PLACES:
        return PLACES[incident.kind], ACTIONS[incident.kind]
    if incident.subscription_id is not None:
        return f"/subscriptions/{incident.subscription_id}", "View subscription"
    return "/incidents", "View incident"


def worst(incidents: list[Incident]) -> Incident | None:
    """The one incident to show where there is room for one: severe ones first, then the newest."""
    return max(incidents, key=lambda one: (one.severe, one.id), default=None)
