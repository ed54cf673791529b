"""A quarter of a virtual day of the accelerated week: the same program and the same questions as `make soak`."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kzmonitor.classify import persist
from kzmonitor.classify.model import Classifier
from tests.soak import findings
from tests.soak.plan import KINDS, STEP, WEEK_ROUNDS, Plan, planned
from tests.soak.week import run, start_of

ROUNDS = 24
START = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.slow
def test_a_quarter_of_a_day_finds_all_names_all_and_holds_nothing(tmp_path: Path, trained: Classifier) -> None:
    plan = planned(1, ROUNDS, start_of(ROUNDS, datetime.now(UTC)))
    result = run(plan, tmp_path, persist.save(trained))
    assert findings.problems(result) == []
    assert result["findings"]["reports"]["planted"] >= 10
    assert len(result["findings"]["outages"]) >= 7
    assert result["findings"]["killed"]
    assert result["findings"]["restarted"]


@pytest.fixture(scope="module")
def week() -> Plan:
    return planned(1, WEEK_ROUNDS, START)


def test_the_week_has_every_kind_of_outage_twice_and_never_two_of_a_source_at_once(week: Plan) -> None:
    states = sorted(one.kind.state for one in week.outages)
    assert states == sorted(2 * [kind.state for kind in KINDS])
    for one in week.outages:
        assert week.start < one.start < one.end < week.at(week.rounds)
        others = [other for other in week.outages if other is not one and other.slug == one.slug]
        assert not any(one.start < other.end and other.start < one.end for other in others)


def test_the_same_seed_plans_the_same_week_and_another_seed_another(week: Plan) -> None:
    assert planned(1, WEEK_ROUNDS, START) == week
    assert planned(2, WEEK_ROUNDS, START).items != week.items


def _rounds(plan: Plan, told: dict[int, dict[str, str]]) -> list[dict[str, object]]:
    return [
        {
            "round": number, "now": plan.at(number).isoformat(), "disturbed": {}, "predicted": [],
            "answer": {"now": (plan.at(number) + timedelta(seconds=5)).isoformat(), "standings": told.get(number, {})},
        }
        for number in range(plan.rounds)
    ]  # fmt: skip


def _one_outage(plan: Plan) -> Plan:
    first = replace(plan.outages[0], start=plan.at(5) - STEP / 2, end=plan.at(9))
    return replace(plan, rounds=14, outages=(first,))


def test_an_outage_that_nobody_names_or_that_is_named_wrongly_is_a_problem(week: Plan) -> None:
    plan = _one_outage(week)
    slug, state = plan.outages[0].slug, plan.outages[0].kind.state
    well = {number: {slug: state} for number in range(5, 9)}
    [named] = findings.named(plan, _rounds(plan, well))
    assert (named.named_after_min, named.over_after_min, named.wrong) == (7.1, 0.1, ())
    assert findings.false_alarms(plan, _rounds(plan, well)) == []
    [unnamed] = findings.named(plan, _rounds(plan, {}))
    assert unnamed.named_after_min is None
    [wrong] = findings.named(plan, _rounds(plan, {6: {slug: "tls"}}))
    assert wrong.wrong == ("tls",)


def test_an_alarm_for_a_source_that_is_well_is_counted(week: Plan) -> None:
    plan = _one_outage(week)
    slug, state = plan.outages[0].slug, plan.outages[0].kind.state
    other = next(one for one in plan.slugs if one != slug)
    told = {6: {slug: state, other: "tls"}, 9: {slug: state}}
    found = findings.false_alarms(plan, _rounds(plan, told))
    assert [(one["round"], one["slug"]) for one in found] == [(6, other), (9, slug)]


def test_a_leak_of_a_megabyte_a_round_is_growth_and_a_level_is_none() -> None:
    shared = {"files": 6, "threads": 1, "sessions": 2, "crawl_peak": None, "took_s": 3.0, "rss": 400e6}
    leak = [{"round": number, "uss": 400e6 + number * 1e6} | shared for number in range(WEEK_ROUNDS)]
    grown = {one.name: one for one in findings.grown(leak)}
    assert grown["uss"].a_week == pytest.approx(720e6)
    assert grown["rss"].a_week == 0
    assert grown["uss"].a_week > findings.GROWTH * grown["uss"].level
