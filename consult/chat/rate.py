"""How fast one author may speak: a bucket of SAY_BURST that fills by SAY_PER_SECOND, or of another size. Kept in this
process.
"""

from __future__ import annotations

import time
from collections import OrderedDict

from consult.chat.entry import Refused
from consult.conf import conf

REMEMBERED = 10_000  # authors

_buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()


def spend(author: str, now: float | None = None, *, burst: int | None = None, per_second: float | None = None) -> None:
    """Take one from the bucket of ``author``. Raises Refused("slow_down") with the seconds until there is one."""
    now = time.monotonic() if now is None else now
    burst, per_second = burst or conf.SAY_BURST, per_second or conf.SAY_PER_SECOND
    left, at = _buckets.pop(author, (float(burst), now))
    left = min(burst, left + (now - at) * per_second)
    _buckets[author] = (max(left - 1, 0) if left >= 1 else left, now)
    if len(_buckets) > REMEMBERED:
        _buckets.popitem(last=False)
    if left < 1:
        raise Refused("slow_down", retry_after=round((1 - left) / per_second, 1))
