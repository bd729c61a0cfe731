"""Asking many questions of a place that takes its time over each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["ahead"]

Question = TypeVar("Question")
Answer = TypeVar("Answer")


def ahead(ask: Callable[[Question], Answer], questions: Iterable[Question], readers: int) -> Iterator[Answer]:
    """Give the answers in the order of the questions, of which up to twice `readers` are asked ahead."""
    if readers == 1:
        yield from map(ask, questions)
        return
    with ThreadPoolExecutor(readers, thread_name_prefix="trackbridge-archive") as pool:
        asked: deque[Future[Answer]] = deque()
        try:
            for question in questions:
                asked.append(pool.submit(ask, question))
                if len(asked) >= 2 * readers:
                    yield asked.popleft().result()
            while asked:
                yield asked.popleft().result()
        finally:
            for one in asked:
                one.cancel()
