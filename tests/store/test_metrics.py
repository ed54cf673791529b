"""Figures for Prometheus: right, without names or texts, and found by indexes."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from kzmonitor.config import CHECKOUT
from kzmonitor.store import Database, metrics
from kzmonitor.store.tables import Alert, Entry, LoginAttempt, Poll

RULES = CHECKOUT / "deploy/prometheus-rules.yaml"


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


def told(database: Database, now: datetime) -> dict[tuple[str, ...], float]:
    """Name and values of the labels -> value."""
    families = text_string_to_metric_families(metrics.exposition(database, now).decode())
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_the_figures_are_those_of_the_database(
    database: Database, report: Callable[..., Alert], now: datetime
) -> None:  # fmt: skip
    with database.session() as session:
        report(session, "Задержан", "т", at=now)
        report(session, "Осуждён", "т", at=now)
        session.execute(text("delete from prediction where ctid = (select min(ctid) from prediction)"))
        for hours, state in ((3, "ok"), (1, "timeout")):
            session.add(Poll(source="vlast", url="u", started=now - timedelta(hours=hours), state=state))
        session.add(Entry(source="vlast", url="u", canonical_url="u", route="feed", found_at=now - timedelta(hours=2)))
        session.add(LoginAttempt(subject=b"s", client=b"c", created_at=now - timedelta(minutes=5)))
        session.add(LoginAttempt(subject=b"s", client=b"c", created_at=now - timedelta(minutes=65)))
    found = told(database, now)
    expected = {
        ("kzmonitor_source_last_success_timestamp_seconds", "vlast"): (now - timedelta(hours=3)).timestamp(),
        ("kzmonitor_source_newest_timestamp_seconds", "vlast"): (now - timedelta(hours=2)).timestamp(),
        ("kzmonitor_source_well", "vlast"): 0,
        ("kzmonitor_waiting", "fetch"): 1,
        ("kzmonitor_waiting", "score"): 1,
        ("kzmonitor_oldest_waiting_timestamp_seconds", "fetch"): (now - timedelta(hours=2)).timestamp(),
        ("kzmonitor_alerts", "open"): 2,
        ("kzmonitor_failed_logins_of_an_hour",): 1,
        ("kzmonitor_requests_overdue",): 0,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert found[("kzmonitor_table_bytes", "capture")] > 0
    assert not any(name[1:2] == ("capture_default",) for name in found)


def test_an_empty_database_has_figures_too(database: Database, now: datetime) -> None:
    found = told(database, now)
    assert found[("kzmonitor_waiting", "fetch")] == 0
    assert ("kzmonitor_oldest_waiting_timestamp_seconds", "fetch") not in found


def test_no_text_title_or_address_is_in_them(
    database: Database, report: Callable[..., Alert], now: datetime
) -> None:  # fmt: skip
    with database.session() as session:
        report(session, "КАНАРЕЙКА", "КАНАРЕЙКА", at=now, url="https://kanareyka.example/1", place="КАНАРЕЙКА")
        session.add(Poll(source="vlast", url="https://kanareyka.example", started=now, state="dns", error="КАНАРЕЙКА"))
    said = metrics.exposition(database, now).decode()
    assert "vlast" in said
    assert not re.search("канарейка|kanareyka", said, re.IGNORECASE)


# Small by nature: a row a source, a model, a version, a day.
SMALL = {"source", "model", "alembic_version", "manifest", "pg_class", "pg_inherits", "alert_rank"}


@pytest.mark.parametrize("figure", metrics.FIGURES, ids=lambda figure: figure.name)
def test_every_query_goes_by_an_index(database: Database, figure: metrics.Figure, now: datetime) -> None:
    query = text("explain (format json, costs off) " + figure.query)
    values = {"now": now, "hour": now, "day": metrics.partitions.first_id(now)}
    values["recent"] = values["day"]
    with database.engine.begin() as connection:
        # What can't do without reading a whole table does so even where that is forbidden.
        connection.execute(text("set local enable_seqscan to off"))
        [plan] = connection.execute(query, {name: values[name] for name in query.compile().params}).scalar_one()
    read = re.findall(r"'Node Type': 'Seq Scan'.*?'Relation Name': '(\w+)'", str(plan))
    assert set(read) - SMALL == set()


def test_a_query_without_an_index_would_be_found(database: Database, now: datetime) -> None:
    bad = metrics.Figure("x", "x", "select count(*) from entry where error = 'x'")
    with pytest.raises(AssertionError):
        test_every_query_goes_by_an_index(database, bad, now)


def test_the_alert_rules_ask_for_metrics_that_exist_and_say_what_to_do(database: Database, now: datetime) -> None:
    exported = {figure.name: figure for figure in metrics.FIGURES} | {"kzmonitor_build_info": None}
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    assert len(rules) >= 8
    for rule in rules:
        named = set(re.findall(r"kzmonitor_\w+", rule["expr"]))
        assert named, rule["alert"]
        assert named <= set(exported), rule["alert"]
        for name, label in re.findall(r"(kzmonitor_\w+)\{(\w+)=", rule["expr"]):
            assert label in exported[name].labels, rule["alert"]  # type: ignore[union-attr]
        assert {"summary", "description"} <= set(rule["annotations"]), rule["alert"]
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["expr"].count("(") == rule["expr"].count(")")
        for label in re.findall(r"\$labels\.(\w+)", str(rule["annotations"])):
            assert any(label in exported[name].labels for name in named if exported[name]), rule["alert"]
    assert len({rule["alert"] for rule in rules}) == len(rules)
