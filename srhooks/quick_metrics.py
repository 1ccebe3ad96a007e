"""A counter and a histogram for what happens thousands of times a second.

The library's take a lock and look at each bucket. These are for the event loop alone, which needs
no lock; a third of the time. The registry reads them as it reads the library's.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily


class QuickCounter:
    def __init__(
        self, name: str, text: str, labels: Sequence[str], registry: CollectorRegistry
    ) -> None:
        self._family = name, text
        self._labels = labels
        self._counts = Counter[tuple[str, ...]]()
        registry.register(self)

    def count(self, *labels: str) -> None:
        self._counts[labels] += 1

    def collect(self) -> Iterator[CounterMetricFamily]:
        family = CounterMetricFamily(*self._family, labels=self._labels)
        for labels, value in self._counts.items():
            family.add_metric(labels, value)
        yield family


class QuickHistogram:
    def __init__(
        self, name: str, text: str, buckets: Sequence[float], registry: CollectorRegistry
    ) -> None:
        self._family = name, text
        self._bounds = list(buckets)
        self._counts = [0] * (len(buckets) + 1)
        self._sum = 0.0
        registry.register(self)

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """A bucket counts all up to its bound, the bound included."""
        names = [*map(str, self._bounds), "+Inf"]
        up_to = list(zip(names, accumulate(self._counts), strict=True))
        yield HistogramMetricFamily(*self._family, buckets=up_to, sum_value=self._sum)
