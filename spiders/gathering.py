"""Database work of single requests, done for many of them in one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_AT_ONCE = 50


class Gathered(Generic[Item, Result]):
    """Gathers what comes within `linger_s` seconds, and what comes while the work before is under way.

    work: does all items or none, and gives their results in order. Where it fails with several, each is done by
    itself, so that one that can't be done costs no other."""

    def __init__(self, work: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]], linger_s: float) -> None:
        self.work = work
        self.linger_s = linger_s
        self.waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self.worker: asyncio.Task[None] | None = None

    async def do(self, item: Item) -> Result:
        """The result of one item, once it is committed; what the work raises for it goes on to the caller."""
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self.waiting.append((item, result))
        if self.worker is None or self.worker.done():
            self.worker = asyncio.create_task(self._until_empty())
        return await result

    async def _until_empty(self) -> None:
        while self.waiting:
            await asyncio.sleep(self.linger_s)
            batch, self.waiting = self.waiting[:MOST_AT_ONCE], self.waiting[MOST_AT_ONCE:]
            if not await self._try(batch):
                for one in batch:
                    await self._try([one])

    async def _try(self, batch: Sequence[tuple[Item, "asyncio.Future[Result]"]]) -> bool:
        """Whether the batch has its results: also its error, where it is of one item."""
        try:
            results = await self.work([item for item, _future in batch])
        except Exception as error:  # whoever waits for the result is told, whatever it is
            if len(batch) > 1:
                return False
            self._tell(batch[0][1], error)
            return True
        for (_item, future), result in zip(batch, results, strict=True):
            if not future.done():  # its request may have been given up meanwhile
                future.set_result(result)
        return True

    @staticmethod
    def _tell(future: "asyncio.Future[Result]", error: Exception) -> None:
        if not future.done():
            future.set_exception(error)
