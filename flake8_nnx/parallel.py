"""The same work on many files in several processes, with the results in order.

A process that dies costs time only: what it had to do is done here.
"""
from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

T = TypeVar("T")

_worker: Callable[[int], Any] | None = None


def processes(jobs: int) -> int:
    """How many processes `-j` means: 0 is one for each core."""
    return jobs or os.cpu_count() or 1


def ordered(
    own: Callable[[int], T], numbers: Sequence[int], jobs: int, make: Callable[..., Any], *arguments: object
) -> Iterator[T]:
    """`own` of each of these numbers, in their order, computed in at most `jobs` processes.

    Args:
        own: what this process computes with.
        make: a function or class at the top of a module; `make(*arguments)` is `own` for another process.
    """
    jobs = min(processes(jobs), len(numbers))
    if jobs <= 1:
        yield from map(own, numbers)
        return
    # Not forked: the calling program may have threads, as every program that has imported jax has.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=spawn, initializer=_start, initargs=(make, arguments)) as pool:
        futures: list[Future[T] | None] = []
        for number in numbers:
            try:
                futures.append(pool.submit(_at, number))
            except BrokenProcessPool:
                futures.append(None)
        try:
            for number, future in zip(numbers, futures):
                try:
                    yield future.result() if future is not None else own(number)
                except BrokenProcessPool:
                    yield own(number)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _start(make: Callable[..., Callable[[int], Any]], arguments: tuple[object, ...]) -> None:
    global _worker
    _worker = make(*arguments)


def _at(number: int) -> Any:
    assert _worker is not None
    return _worker(number)
