"""Our quick counter and histogram say what the library's would say."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from srhooks.quick_metrics import QuickCounter, QuickHistogram

BOUNDS = (0.0005, 0.25, 1.0)


def shown(registry: CollectorRegistry) -> list[str]:
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if "_created" not in line]


def test_the_counter() -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    quick = QuickCounter("stored", "What came.", ["event", "signature"], ours)
    usual = Counter("stored", "What came.", ["event", "signature"], registry=theirs)
    for labels in (("job.created", "valid"), ("other", "invalid"), ("job.created", "valid")):
        quick.count(*labels)
        usual.labels(*labels).inc()
    assert shown(ours) == shown(theirs)


def test_the_histogram() -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    quick = QuickHistogram("seconds", "How long.", BOUNDS, ours)
    usual = Histogram("seconds", "How long.", registry=theirs, buckets=BOUNDS)
    assert shown(ours) == shown(theirs)
    for value in (0.0, 0.0005, 0.0006, 0.25, 1.0, 7.5):  # on a bound, between two, beyond all
        quick.observe(value)
        usual.observe(value)
    assert shown(ours) == shown(theirs)
