"""What many requests want of the database goes there together, and each hears of its own."""

import asyncio
from collections.abc import Sequence

import pytest

from spiders.gathering import MOST_AT_ONCE, Gathered


async def all_of(gathered: Gathered[int, int], items: Sequence[int]) -> list[int | BaseException]:
    return await asyncio.gather(*(gathered.do(item) for item in items), return_exceptions=True)


def test_what_comes_at_once_is_done_at_once_and_each_gets_its_result() -> None:
    seen: list[list[int]] = []

    async def double(items: Sequence[int]) -> list[int]:
        seen.append(list(items))
        return [2 * item for item in items]

    async def run() -> None:
        gathered = Gathered(double, 0.0)
        assert await all_of(gathered, range(MOST_AT_ONCE + 3)) == [2 * item for item in range(MOST_AT_ONCE + 3)]
        assert await gathered.do(7) == 14

    asyncio.run(run())
    assert [len(batch) for batch in seen] == [MOST_AT_ONCE, 3, 1]


def test_what_comes_meanwhile_is_done_next() -> None:
    seen: list[list[int]] = []

    async def run() -> None:
        under_way, go_on = asyncio.Event(), asyncio.Event()

        async def slow(items: Sequence[int]) -> list[int]:
            seen.append(list(items))
            under_way.set()
            await go_on.wait()
            return list(items)

        gathered = Gathered(slow, 0.0)
        first = asyncio.create_task(gathered.do(1))
        await under_way.wait()
        others = [asyncio.create_task(gathered.do(number)) for number in (2, 3)]
        await asyncio.sleep(0)
        go_on.set()
        assert await asyncio.gather(first, *others) == [1, 2, 3]

    asyncio.run(run())
    assert seen == [[1], [2, 3]]


def test_one_that_cant_be_done_costs_no_other() -> None:
    done: list[int] = []

    async def work(items: Sequence[int]) -> list[int]:
        if 13 in items:
            raise ValueError("13")
        done.extend(items)
        return list(items)

    results = asyncio.run(all_of(Gathered(work, 0.0), [11, 12, 13, 14]))
    assert results[:2] + results[3:] == [11, 12, 14]
    assert isinstance(results[2], ValueError)
    assert done == [11, 12, 14]


def test_who_no_longer_waits_stops_nobody() -> None:
    async def run() -> None:
        async def same(items: Sequence[int]) -> list[int]:
            return list(items)

        gathered = Gathered(same, 0.01)
        gone, stays = (asyncio.create_task(gathered.do(number)) for number in (1, 2))
        await asyncio.sleep(0)
        gone.cancel()
        assert await stays == 2
        with pytest.raises(asyncio.CancelledError):
            await gone

    asyncio.run(run())
