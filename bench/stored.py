"""Articles put into a database as cutting leaves them, by COPY: what later steps are measured on."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count, islice

from kzmonitor.language.detect import detect
from kzmonitor.newsroom import Record
from kzmonitor.store import Database
from kzmonitor.store.tables import new_id

BATCH = 2000
SOURCES = ("alatau-times", "dala-radio", "steppe-wire")
REVISION = "id, article, capture, text_sha256, title, text, language, script, published_at, cut_by, search"


def articles(database: Database, records: Iterable[Record], told: datetime | None = None) -> int:
    """Store each record as an article with one text, published in the day before `told` (now); how many."""
    until = told or datetime.now(UTC)
    found, number = iter(records), count()
    with database.engine.begin() as connection:
        cursor = connection.connection.cursor()
        cursor.executemany(
            "insert into source (slug, name, tier, kind, languages, country, enabled) "
            "values (%s, %s, 1, 'outlet', '{ru,kk,en}', 'KZ', true) on conflict do nothing",
            [(slug, slug) for slug in SOURCES],
        )
        while some := list(islice(found, BATCH)):
            rows = [(new_id(), new_id(), new_id(), next(number), record) for record in some]
            columns = "id, source, url, canonical_url, route, fetched_at, status, headers, hops, sha256"
            with cursor.copy(f"copy capture ({columns}) from stdin") as copy:
                for _article, _revision, capture, place, _record in rows:
                    url = f"https://{SOURCES[place % 3]}.example/{capture}"
                    copy.write_row((capture, SOURCES[place % 3], url, url, "import", until, 200, "{}", [], b""))
            with cursor.copy("copy article (id, key, canonical_url, source, first_seen) from stdin") as copy:
                for article, _revision, capture, place, _record in rows:
                    url = f"https://{SOURCES[place % 3]}.example/{capture}"
                    copy.write_row((article, url, url, SOURCES[place % 3], until))
            with cursor.copy(f"copy revision ({REVISION}) from stdin") as copy:
                for article, revision, capture, place, record in rows:
                    when = until - timedelta(hours=24) * (place % 997 / 997)
                    said, digest = detect(record.text), sha256(f"{record.title}\n{record.text}".encode()).digest()
                    copy.write_row(
                        (
                            revision,
                            article,
                            capture,
                            digest,
                            record.title,
                            record.text,
                            said.code,
                            said.script,
                            when,
                            "feed",
                            "",
                        )
                    )
            cursor.execute(
                "update article set current_revision = revision.id from revision "
                "where revision.article = article.id and current_revision is null"
            )
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("analyze article, revision, capture")
    return next(number)
