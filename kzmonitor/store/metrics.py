"""Figures for Prometheus, read from the database in one short snapshot: every query goes by an index or is bounded.

They name sources and versions, and nobody. Times are seconds since 1970; what is not known yet is left out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, text

from kzmonitor import VERSION
from kzmonitor.store import partitions
from kzmonitor.store.engine import Database

PATIENCE_MS = 5000
# Texts that are older and unscored are told by the queue's page, not here: counting them reads whole tables.
RECENT = timedelta(days=7)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Figure:
    """One metric. query: rows of its labels' values in order and the value."""

    name: str
    help: str
    query: str
    labels: tuple[str, ...] = ()


def _of_sources(column: str) -> str:
    return f"select slug, {column} from source where enabled order by slug"  # noqa: S608


_UNSCORED = """
    from revision join article on article.current_revision = revision.id
    where revision.id > :recent and revision.text <> ''
    and not exists (
        select from prediction join model on model.id = prediction.model
        where prediction.revision = revision.id and model.state = 'champion'
    )
"""
FIGURES = (
    Figure(
        "kzmonitor_source_last_success_timestamp_seconds",
        "When a look at the source last went well",
        _of_sources("""(select extract(epoch from started) from poll where source = slug
            and state in ('ok', 'not-modified') order by started desc limit 1)"""),
        ("source",),
    ),
    Figure(
        "kzmonitor_source_newest_timestamp_seconds",
        "When the newest address of the source was found",
        _of_sources("""(select extract(epoch from found_at) from entry where source = slug
            order by found_at desc limit 1)"""),
        ("source",),
    ),
    Figure(
        "kzmonitor_source_well",
        "Whether the latest look at the source went well (1) or not (0)",
        _of_sources("""(select case when state in ('ok', 'not-modified') then 1 else 0 end from poll
            where source = slug order by started desc limit 1)"""),
        ("source",),
    ),
    Figure(
        "kzmonitor_waiting",
        "How many wait at a step: addresses to fetch, pages to cut, texts of the last week to score, articles to group",
        f"""select 'fetch', count(*) from entry where state in ('found', 'leased')
            union all select 'cut', count(*) from entry where capture_id is distinct from cut_id
            union all select 'score', count(*) {_UNSCORED}
            union all select 'group', count(*) from article_clue where paired and not grouped""",  # noqa: S608
        ("step",),
    ),
    Figure(
        "kzmonitor_oldest_waiting_timestamp_seconds",
        "Since when the one that has waited longest waits at a step",
        f"""select 'fetch', extract(epoch from min(found_at)) from entry where state in ('found', 'leased')
            union all select 'cut', extract(epoch from min(found_at)) from entry
                where capture_id is distinct from cut_id
            union all select 'score', extract(epoch from min(revision.created_at)) {_UNSCORED}""",  # noqa: S608
        ("step",),
    ),
    Figure(
        "kzmonitor_alerts",
        "Alerts by where they stand",
        "select status, count(*) from alert_rank group by status order by status",
        ("status",),
    ),
    Figure(
        "kzmonitor_deliveries_unfinished",
        "Digests that are not delivered yet, by state",
        """select state, count(*) from delivery where state in ('waiting', 'sending', 'unknown')
            group by state order by state""",
        ("state",),
    ),
    Figure(
        "kzmonitor_deliveries_of_a_day",
        "Digests that were made in the last 24 hours, by state",
        "select state, count(*) from delivery where id > :day group by state order by state",
        ("state",),
    ),
    Figure(
        "kzmonitor_last_success_timestamp_seconds",
        "When a step last did something: collect, understand, digest, seal (of a day's manifest)",
        """select 'collect', (select extract(epoch from started) from poll where id > :recent
                and state in ('ok', 'not-modified') order by id desc limit 1)
            union all select 'understand',
                (select extract(epoch from created_at) from prediction order by revision desc limit 1)
            union all select 'digest', (select extract(epoch from sent_at) from delivery
                where id > :recent and sent_at is not null order by id desc limit 1)
            union all select 'seal', (select extract(epoch from closed_at) from manifest order by day desc limit 1)""",
        ("step",),
    ),
    Figure(
        "kzmonitor_failed_logins_of_an_hour",
        "Logins that failed in the last hour",
        "select count(*) from login_attempt where created_at > :hour",
    ),
    Figure(
        "kzmonitor_requests_overdue",
        "Requests of people named in alerts that should have been answered by now",
        "select count(*) from request where answered_at is null and due_on < cast(:now as date)",
    ),
    Figure(
        "kzmonitor_model_info",
        "The champion: its version and the beginning of its hash",
        "select version, left(encode(sha256, 'hex'), 12), 1 from model where state = 'champion'",
        ("version", "sha256"),
    ),
    Figure(
        "kzmonitor_model_trained_timestamp_seconds",
        "When the champion was trained",
        "select extract(epoch from trained_at) from model where state = 'champion'",
    ),
    Figure(
        "kzmonitor_table_bytes",
        "Size of a table with its indexes and partitions",
        """select coalesce(parent.relname, one.relname), sum(pg_total_relation_size(one.oid))
            from pg_class one left join pg_inherits on inhrelid = one.oid
            left join pg_class parent on parent.oid = inhparent
            where one.relkind = 'r' and one.relnamespace = 'public'::regnamespace group by 1 order by 1""",
        ("table",),
    ),
    Figure(
        "kzmonitor_database_bytes",
        "Size of the database",
        "select pg_database_size(current_database())",
    ),
    Figure(
        "kzmonitor_schema_info",
        "The schema that the database stands at",
        "select version_num, 1 from alembic_version",
        ("revision",),
    ),
)


@dataclass(frozen=True)
class _Standing(Collector):
    connection: Connection
    now: datetime

    def collect(self) -> Iterator[Metric]:
        build = GaugeMetricFamily("kzmonitor_build_info", "The version that tells these figures", labels=["version"])
        build.add_metric([VERSION], 1)
        yield build
        moments = {
            "now": self.now,
            "hour": self.now - HOUR,
            "day": partitions.first_id(self.now - DAY),
            "recent": partitions.first_id(self.now - RECENT),
        }
        for figure in FIGURES:
            query = text(figure.query)
            wanted = {name: moments[name] for name in query.compile().params}
            metric = GaugeMetricFamily(figure.name, figure.help, labels=figure.labels)
            for *labels, value in self.connection.execute(query, wanted):
                if value is not None:
                    metric.add_metric([str(label) for label in labels], float(value))
            yield metric


def exposition(database: Database, now: datetime) -> bytes:
    """All figures as Prometheus reads them (text format 0.0.4)."""
    registry = CollectorRegistry()
    with database.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        connection.execute(text("set transaction read only"))
        connection.execute(text(f"set local statement_timeout to {PATIENCE_MS}"))
        registry.register(_Standing(connection, now))
        return generate_latest(registry)
