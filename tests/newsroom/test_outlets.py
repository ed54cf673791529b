"""An outlet keeps what it published, edits and forgets, and holds its faults."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from kzmonitor.errors import InputError
from kzmonitor.newsroom import Fault, Outlet, Record, outlet_from_jsonl
from kzmonitor.newsroom.layouts import LAYOUTS

Factory = Callable[..., Outlet]


def test_reports_without_dates_spread_over_the_day_before_now_with_the_last_newest(
    an_outlet: Factory, now: datetime
) -> None:
    found = an_outlet(count=8).articles()
    assert [article.record.id for article in found] == [f"secret-id-{at}" for at in range(7, -1, -1)]
    assert all(now - timedelta(hours=24) <= article.published < now for article in found)


def test_dates_of_the_data_stand(now: datetime) -> None:
    moment = datetime(2021, 3, 8, 7, tzinfo=UTC)
    outlet = Outlet("dala", "wordpress", [Record("a", "en", "T", "x", published=moment)], now=now)
    assert outlet.articles()[0].published == moment
    assert outlet.articles()[0].address.startswith("/2021/03/")


def test_equal_titles_get_addresses_of_their_own(now: datetime) -> None:
    for layout in LAYOUTS:
        outlet = Outlet("dala", layout, [Record(str(at), "en", "Same", "x") for at in range(5)], now=now)
        assert len(outlet.addresses()) == 5


def test_a_published_report_is_newest_and_a_second_one_of_its_id_is_refused(an_outlet: Factory, now: datetime) -> None:
    outlet = an_outlet()
    outlet.publish({"id": "new", "lang": "en", "title": "N", "text": "x", "labels": []}, now)
    assert outlet.articles()[0].record.id == "new"
    with pytest.raises(InputError, match="new"):
        outlet.publish({"id": "new", "lang": "en", "title": "N", "text": "x"}, now)


def test_an_edit_keeps_the_address_and_the_date_and_changes_the_text(an_outlet: Factory, now: datetime) -> None:
    outlet = an_outlet("wordpress")
    before = outlet.articles()[0]
    outlet.edit(before.record.id, "New text.", title="New title", now=now + timedelta(hours=1))
    after = outlet.articles()[0]
    assert (after.address, after.published, after.number) == (before.address, before.published, before.number)
    assert (after.title, after.lines, after.modified) == ("New title", ["New text."], now + timedelta(hours=1))
    assert after.record.labels == before.record.labels


def test_a_deleted_report_is_gone_and_its_address_is_not_given_again(an_outlet: Factory, now: datetime) -> None:
    outlet = an_outlet("wordpress")
    article = outlet.articles()[0]
    outlet.delete(article.record.id, 410)
    assert outlet.find(article.address) == (None, 410, False)
    again = outlet.publish({"id": "again", "lang": "en", "title": article.title, "text": "x"}, now)
    assert again.slug == f"{article.slug}-2"


def test_each_change_moves_the_time_of_change_by_a_second_at_least(an_outlet: Factory, now: datetime) -> None:
    outlet = an_outlet()
    times = [outlet.changed]
    for number in range(3):
        outlet.publish({"id": f"n{number}", "lang": "en", "title": "N", "text": "x"}, now)
        times.append(outlet.changed)
    assert all(later - earlier >= timedelta(seconds=1) for earlier, later in pairwise(times))


def test_the_fault_set_last_holds_and_heals_by_its_pattern(an_outlet: Factory) -> None:
    outlet = an_outlet()
    outlet.fault("/news/*", Fault(status=500))
    outlet.fault("*", Fault(status=404))
    assert outlet.fault_for("/news/a/") == Fault(status=404)
    outlet.heal("*")
    assert outlet.fault_for("/news/a/?x=1") == Fault(status=500)
    assert outlet.fault_for("/feed/") is None
    outlet.heal()
    assert outlet.fault_for("/news/a/") is None


def test_a_fault_with_times_is_over_after_them(an_outlet: Factory) -> None:
    outlet = an_outlet()
    outlet.fault("/feed/", Fault(status=503, times=2))
    assert [outlet.fault_for("/feed/") is not None for _ in range(3)] == [True, True, False]


def test_a_pattern_may_name_the_query(an_outlet: Factory) -> None:
    outlet = an_outlet("pangea")
    outlet.fault("/z/330[?]p=3", Fault(status=500))
    assert outlet.fault_for("/z/330?p=3") is not None
    assert outlet.fault_for("/z/330?p=4") is None


def test_articles_of_a_day_are_those_of_the_day_in_almaty(now: datetime) -> None:
    late = datetime(2025, 8, 17, 20, tzinfo=UTC)
    outlet = Outlet("dala", "pangea", [Record("a", "kk", "T", "x", published=late)], now=now)
    assert [article.record.id for article in outlet.articles(day="2025/8/18")] == ["a"]
    assert outlet.articles(day="2025/8/17") == []


def test_a_file_becomes_an_outlet_of_its_name(now: datetime, tmp_path: Path) -> None:
    path = tmp_path / "Дала_үні 7.jsonl"
    lines = [{"id": lang, "lang": lang, "title": "T", "text": "x"} for lang in ("ru", "kk")]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    outlet = outlet_from_jsonl(path, layout="agency", now=now)
    assert (outlet.slug, outlet.languages, len(outlet.articles())) == ("dala-uni-7", ["kk", "ru"], 2)
