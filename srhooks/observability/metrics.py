"""What is counted and measured, for Prometheus. Labels are bounded: see events.label."""

from collections.abc import Hashable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
FETCH_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class ByLabels(dict[Hashable, Counter]):
    """A counter's children by the values of their labels, a tuple where there are several.

    The library finds a child under a lock and by the texts of all values, at three times the price
    of counting. Only for labels whose values are few.
    """

    def __init__(self, counter: Counter) -> None:
        super().__init__()
        self._counter = counter

    def __missing__(self, values: Hashable) -> Counter:
        several = values if isinstance(values, tuple) else (values,)
        child = self[values] = self._counter.labels(*several)
        return child


class Metrics:
    """One set an application, so that two in a process don't mix."""

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self.answers = ByLabels(
            Counter(
                "srhooks_hook_answers", "Requests to hook addresses by answer.", ["status"],
                registry=registry,
            )
        )  # fmt: skip
        self.notifications = ByLabels(
            Counter(
                "srhooks_notifications", "Notifications stored.", ["event", "signature"],
                registry=registry,
            )
        )  # fmt: skip
        self.redeliveries = Counter(
            "srhooks_redeliveries", "Re-deliveries of stored notifications.", registry=registry
        )
        self.intake = Histogram(
            "srhooks_intake_seconds", "From the body's last byte to the commit.",
            registry=registry, buckets=SECONDS,
        )  # fmt: skip
        self.entities = Counter(
            "srhooks_entities", "Outcomes of following links.", ["outcome"], registry=registry
        )
        self.fetch_seconds = Histogram(
            "srhooks_entity_seconds", "From asking for an entity to its answer, waiting included.",
            registry=registry, buckets=FETCH_SECONDS,
        )  # fmt: skip
        self.refreshes = Counter(
            "srhooks_token_refreshes", "Refreshed tokens by outcome.", ["outcome"],
            registry=registry,
        )  # fmt: skip
        self.restarts = Counter(
            "srhooks_background_restarts", "Background tasks that broke off.", ["task"],
            registry=registry,
        )  # fmt: skip
        self.frames = Counter(
            "srhooks_live_frames", "Frames sent to live pages.", registry=registry
        )
        self.viewers = Gauge("srhooks_live_viewers", "Open live pages.", registry=registry)
        self.queue = Gauge(
            "srhooks_store_queue", "Writes that wait for a commit.", registry=registry
        )
        self.incidents_open = Gauge(
            "srhooks_incidents_open", "Open incidents of all accounts.", ["kind"],
            registry=registry,
        )  # fmt: skip
        self.calls_waiting = Gauge(
            "srhooks_calls_waiting", "Calls to SmartRecruiters that wait for their turn.",
            registry=registry,
        )  # fmt: skip
        self.refused_connections = Counter(
            "srhooks_refused_connections",
            "Connections and requests refused before they were read: connections, heads,"
            " head-size, head-timeout, files.",
            ["reason"], registry=registry,
        )  # fmt: skip
        self.unfinished = Gauge(
            "srhooks_unfinished_body_bytes", "Of notifications that are still arriving.",
            registry=registry,
        )  # fmt: skip
        self.commit_size = Histogram(
            "srhooks_commit_writes", "Writes that shared a commit.",
            registry=registry, buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
        )  # fmt: skip
        self.commit_seconds = Histogram(
            "srhooks_commit_seconds", "How long a commit took.",
            registry=registry, buckets=SECONDS,
        )  # fmt: skip
        self.store_errors = Counter(
            "srhooks_store_errors", "Failures of the database: read, write, stuck.", ["kind"],
            registry=registry,
        )  # fmt: skip
        self.clock_ahead = Gauge(
            "srhooks_clock_ahead_seconds",
            "By which the clock is ahead of what is plausible: the retention does not go by it.",
            registry=registry,
        )
        self.leader = Gauge(
            "srhooks_leader",
            "1 in the process that runs what one runs for all: retention, alerts, watch.",
            registry=registry,
        )
        self.processes = Gauge(
            "srhooks_processes", "Processes that serve the database, this one among them.",
            registry=registry,
        )  # fmt: skip
        self.renewals_failed = Counter(
            "srhooks_lease_renewals_failed",
            "Times that the database could not be told that this process lives.",
            registry=registry,
        )
        self.rate_slots = Gauge(
            "srhooks_rate_slots",
            "Requests a second to SmartRecruiters that this process may make of all accounts'.",
            registry=registry,
        )
        self.loop_lag = Histogram(
            "srhooks_event_loop_lag_seconds", "How late the event loop runs what is due.",
            registry=registry, buckets=SECONDS,
        )  # fmt: skip
