"""The export of articles: one row for each that was collected, flagged or not, with what the model says of it."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Select, func, select, true
from sqlalchemy.orm import Session

from kzmonitor.export.reports import Named, parties, persons, read, said
from kzmonitor.export.selection import chosen
from kzmonitor.export.tables import Column, Row, Table, Wanted
from kzmonitor.incidents.alerts import alert_standing
from kzmonitor.incidents.grouping import ROUND_UP
from kzmonitor.store.tables import Alert, Article, Capture, IncidentArticle, Revision

BATCH = 1000
# Long texts make large batches; these keep them at a few megabytes.
BATCH_WITH_TEXT = 200

COLUMNS = (
    Column("id", "id", "The article."),
    Column("key", "text", "The outlet's own number for it (`rferl:32868740`), or its address.", "left out"),
    Column("source", "text", "The outlet, by the name of its declaration."),
    Column("url", "text", "The address that the capture came from.", "cut to the host"),
    Column("canonical_url", "text", "The address without what does not change the page.", "cut to the host"),
    Column("title", "text", "The headline.", "names replaced"),
    Column("text", "text", "The whole text; only with `--text`.", "names replaced", asked=True),
    Column("author", "text", "As the page names them.", "left out"),
    Column("language", "text", "ru, kk, ky, en or other."),
    Column("script", "text", "The alphabet of the text."),
    Column("published_at", "moment", "When the page says it was published; empty if it does not."),
    Column("date_doubt", "text", "Why that time may be wrong."),
    Column("first_seen", "moment", "When it was first collected."),
    Column("relevance", "number", "The model's probability that it reports pressure; empty if it was not asked yet."),
    Column("tier", "text", "mail or queue; empty for what is not flagged."),
    Column("labels", "texts", "The kinds of pressure that the model sees in it."),
    Column("turn", "text", "pressure or eased."),
    Column("role", "text", "report, follow_up, statement, analysis or round_up."),
    Column("place", "text", "The town or region that it is set in."),
    Column("region", "text", "The region by ISO 3166-2."),
    Column("model", "text", "The version of the model that said so."),
    Column("incident", "id", "The incident it tells of; empty for none, and for a round-up of many."),
    Column("capture", "id", "The stored response that the text was cut from."),
    Column("capture_sha256", "text", "SHA-256 of that response's body as it was received, in hexadecimal."),
    Column("captured_at", "moment", "When that response was received."),
    Column("route", "text", "How it was received: direct, feed, proxy, mirror, archive or import."),
    Column("cut_by", "text", "What cut the text from it: a declared layout, trafilatura or the feed."),
)


def _query(wanted: Wanted) -> Select[*tuple[Any, ...]]:
    told, published = said(), func.coalesce(Revision.published_at, Article.first_seen)
    of_incident = (
        select(IncidentArticle.incident_id, alert_standing.c.status)
        .outerjoin(Alert, Alert.incident_id == IncidentArticle.incident_id)
        .outerjoin(alert_standing, alert_standing.c.alert == Alert.id)
        .where(IncidentArticle.article_id == Article.id, IncidentArticle.why != ROUND_UP)
        .order_by(IncidentArticle.incident_id)
        .limit(1)
        .lateral("of_incident")
    )
    text = [Revision.text] if wanted.with_text or wanted.with_context else []
    query = (
        select(
            Article.id, Article.key, Article.source, Capture.url, Article.canonical_url, Revision.title, *text,
            Revision.author, Revision.language, Revision.script, Revision.published_at, Revision.date_doubt,
            Article.first_seen, told.c.relevance, told.c.tier, told.c.labels, told.c.fields,
            told.c.version.label("model"), of_incident.c.incident_id.label("incident"), Capture.id.label("capture"),
            Capture.sha256, Capture.fetched_at.label("captured_at"), Capture.route, Revision.cut_by,
        )
        .join(Revision, Revision.id == Article.current_revision)
        .join(Capture, Capture.id == Revision.capture_id)
        .outerjoin(told, true())
        .outerjoin(of_incident, true())
        .order_by(published, Article.key)
    )  # fmt: skip
    return chosen(query, wanted, published, of_incident.c.status, of_incident.c.incident_id)


def _rows(session: Session, wanted: Wanted) -> Iterator[Sequence[Row]]:
    size = BATCH_WITH_TEXT if wanted.with_text or wanted.with_context else BATCH
    found = session.execute(_query(wanted), execution_options={"yield_per": size})
    for batch in found.partitions():
        named = parties(session, {row.incident for row in batch if row.incident})
        yield [_row(row, named.get(row.incident, []), wanted) for row in batch]


def _row(row: Any, named: Sequence[Named], wanted: Wanted) -> Row:
    fields = row.fields or {}
    cells = dict(row._mapping)
    cells["labels"] = list(row.labels or ())
    cells["capture_sha256"] = cells.pop("sha256").hex()
    cells |= {name: fields.get(name) for name in ("turn", "role", "place", "region")}
    context = "" if wanted.with_text else cells.pop("text", "")
    return Row(cells, persons([*named, *read(fields, "targets"), *read(fields, "actors")]), context)


ARTICLES = Table(
    "articles",
    "One row for each article with its current text, whether it was flagged or not.",
    "published_at (first_seen where it is empty), then key",
    COLUMNS,
    _rows,
    {"week": "published_at", "region": "region", "label": "labels", "language": "language"},
)
