"""The event loop that our processes run on."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterator, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on uvloop where that is installed, else on asyncio's own loop."""
    with _runner() as runner:
        return runner.run(main)


def each(pages: AsyncGenerator[Sequence[T]]) -> Iterator[T]:
    """Give what a generator gives in pages, one by one; it goes on only when the next page is wanted."""

    async def page() -> Sequence[T] | None:
        return await anext(pages, None)

    with _runner() as runner:
        try:
            while (things := runner.run(page())) is not None:
                yield from things
        finally:
            runner.run(pages.aclose())


def _runner() -> asyncio.Runner:
    try:
        import uvloop
    except ImportError:
        return asyncio.Runner()
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)
