"""How long answers took: percentiles and a histogram, in whole nanoseconds."""

from collections.abc import Sequence
from typing import Final

_BUCKETS_NS: Final = tuple(
    step * 10**power for power in range(5, 9) for step in (1, 2, 5)
)  # 0.1 ms, 0.2 ms, 0.5 ms ... 500 ms
_BAR_EIGHTHS: Final = " ▏▎▍▌▋▊▉"


def percentile(ordered: Sequence[int], per_mille: int) -> int:
    """Return the value that `per_mille` of a thousand do not exceed (nearest rank), 0 of none."""
    if not ordered:
        return 0
    rank = -(-len(ordered) * per_mille // 1000)
    return ordered[max(rank, 1) - 1]


def milliseconds(time_ns: int) -> str:
    """Return a time as text: "0.84 ms"."""
    hundredths = (time_ns + 5_000) // 10_000
    if hundredths < 10_000:
        return f"{hundredths // 100}.{hundredths % 100:02d} ms"
    return f"{time_ns // 1_000_000:,} ms"


def histogram(values: Sequence[int], width: int) -> list[tuple[str, int, str]]:
    """Return the rows of a histogram: upper bound, count, bar; without the empty ones at both ends."""
    counts = [0] * (len(_BUCKETS_NS) + 1)
    for value in values:
        counts[sum(value > bound for bound in _BUCKETS_NS)] += 1
    used = [index for index, count in enumerate(counts) if count]
    if not used:
        return []
    most = max(counts)
    rows = []
    for index in range(used[0], used[-1] + 1):
        bound = f"≤ {_bound(_BUCKETS_NS[index])}" if index < len(_BUCKETS_NS) else f"> {_bound(_BUCKETS_NS[-1])}"
        rows.append((bound, counts[index], bar(counts[index], most, width)))
    return rows


def bar(count: int, most: int, width: int) -> str:
    """Return a bar of `width` characters at most, drawn in eighths; what is there can be seen."""
    eighths = max(1 if count else 0, count * width * 8 // max(most, 1))
    return "█" * (eighths // 8) + _BAR_EIGHTHS[eighths % 8].strip()


def _bound(time_ns: int) -> str:
    tenths = time_ns // 100_000
    return f"{tenths // 10} ms" if tenths >= 10 else f"0.{tenths} ms"
