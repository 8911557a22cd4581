"""Prints what the design's budgets are judged by: ``python -m tests.bench``, of which ``--quick`` shows that it runs.

It needs the servers of PostgreSQL and Redis, two cores and a quiet machine; everything it starts is its own.
"""

from __future__ import annotations

import argparse

from tests.bench import desk, find, messages, orders, promise, rules, shift

PARTS = {
    "messages": messages.run,
    "orders": orders.run,
    "desk": desk.run,
    "find": find.run,
    "rules": rules.run,
    "promise": promise.run,
    "shift": shift.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=PARTS, default=list(PARTS), help="all of them, if none is named")
    parser.add_argument("--quick", action="store_true", help="a smoke test; its figures mean nothing")
    asked = parser.parse_args()
    for name in asked.parts:
        print(f"== {name}", flush=True)
        for line in PARTS[name](quick=asked.quick):
            print(line, flush=True)


if __name__ == "__main__":
    main()
