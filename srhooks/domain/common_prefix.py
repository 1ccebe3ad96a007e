"""How much two texts have in common at their beginning, also where they are megabytes long."""


def common_length(one: str, other: str) -> int:
    """How many characters both begin with: found by halves, each compared at once."""
    low, high = 0, min(len(one), len(other))  # alike up to `low`, not beyond `high`
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
