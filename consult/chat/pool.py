"""Threads for database work from the event loop.

Stock consumers hop through one shared thread before every handler: one slow query freezes every socket. Here a unit of
work is one synchronous function, called once, on one of a few threads that keep their connections.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, connections

Result = TypeVar("Result")

THREADS = 8  # keep at or below what the database's own pool gives

_executor = ThreadPoolExecutor(THREADS, thread_name_prefix="consult")


async def run(work: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """``work(*args, **kwargs)`` on a thread of the pool. It must be harmless to repeat: where the connection turns out
    to be broken, it is called once more on a new one.
    """
    return await asyncio.get_running_loop().run_in_executor(_executor, partial(_call, work, *args, **kwargs))


def submit(work: Callable[..., Result], *args: Any) -> Future[Result]:
    """``work(*args)`` on a thread of the pool, some time soon."""
    return _executor.submit(_call, work, *args)


def close_all() -> None:
    """Let every thread of the pool go, and their connections with them."""
    global _executor
    gone, _executor = _executor, ThreadPoolExecutor(THREADS, thread_name_prefix="consult")
    all_here = Barrier(THREADS)

    def leave() -> None:
        connections.close_all()
        all_here.wait()  # a thread that is done too soon would do another's share

    for _ in range(THREADS):
        gone.submit(leave)
    gone.shutdown(wait=True)


def _call(work: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    try:
        return work(*args, **kwargs)
    except (OperationalError, InterfaceError):
        connections.close_all()
        return work(*args, **kwargs)
