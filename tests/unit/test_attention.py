"""Problems on the overview whose states other tests seldom reach."""

from srhooks.domain.models import ProblemCounts
from srhooks.incidents.overview import attention


def test_a_clock_that_is_ahead_and_entities_that_wait_are_told() -> None:
    waiting = ProblemCounts({}, 2, 1)
    found = attention(waiting, [], window="24h", slow=True, refused={}, clock_ahead=5_400_000)
    texts = [problem.text for problem in found]
    assert texts[0].startswith("This server's clock is 1.5 hours ahead of what is plausible")
    assert texts[1] == "2 entities wait to be fetched"
    assert found[1].tone == "warn"
