"""A database as large as years of work make it, written by SQL in minutes: articles, alerts, decisions, polls, people.

Texts are of sentences of the seed corpus, so that words are as frequent as they are. Two years of articles from the
declared outlets; one article in ten belongs to an incident, told once or up to four times; what is older than a month
has been decided but for one in fifty, of the last month one half waits."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import psycopg
from psycopg import sql

from kzmonitor.classify import registry
from kzmonitor.classify.labelled import Text
from kzmonitor.language import searching
from kzmonitor.language.tokens import tokenize
from kzmonitor.sources.registry import load
from kzmonitor.store import Database, partitions

NOW = datetime.now(UTC).replace(microsecond=0)
DAYS = 730
BODIES = 20_000
SENTENCES = 5
LABELS = (
    "tax_inspection", "detention", "smear_campaign", "prosecution", "raid", "legal_restriction", "obstruction",
    "violence_threat", "censorship",
)  # fmt: skip
REGIONS = [
    "10",
    "11",
    "15",
    "19",
    "23",
    "27",
    "31",
    "33",
    "35",
    "39",
    "43",
    "47",
    "55",
    "59",
    "61",
    "62",
    "63",
    "71",
    "75",
    "79",
]
LOADED = (
    "article", "capture", "revision", "prediction", "incident", "incident_article", "alert", "alert_event", "review",
    "party", "proceeding", "entry", "poll",
)  # fmt: skip

# chance(salt, n): a fixed number from 0 to 1 for each n; id(kind, n): a UUIDv7 of the time at which n was published.
FUNCTIONS = """
create function pg_temp.chance(salt int, n bigint) returns double precision immutable parallel safe language sql
    return (hashint8extended(n, salt) & 1048575) / 1048576.0;
create function pg_temp.published(n bigint) returns timestamptz immutable parallel safe language sql
    return {start}::timestamptz + n * {step}::interval;
create function pg_temp.id(kind int, n bigint) returns uuid immutable parallel safe language sql
    return (
        lpad(to_hex((extract(epoch from pg_temp.published(n)) * 1000)::bigint), 12, '0')
        || '7' || lpad(to_hex(kind), 3, '0') || '8' || lpad(to_hex(n), 15, '0')
    )::uuid;
create function pg_temp.label(n bigint) returns text immutable parallel safe language sql
    return ({labels}::text[])[1 + floor(power(pg_temp.chance(5, n), 1.5) * {number_of_labels})::int];
"""

# kinds of id: 1 article, 2 capture, 3 revision, 4 incident, 5 alert, 6 review, 7 event, 8 party, 9 entry, 10 poll
STEPS = {
    "capture": """
        insert into capture (id, source, url, canonical_url, route, fetched_at, status, headers, hops, body, sha256)
        select pg_temp.id(2, n), s.slug, 'https://' || s.slug || '.example/' || n,
            'https://' || s.slug || '.example/' || n, 'direct', pg_temp.published(n) + interval '4 minutes', 200,
            '{{"content-type": ["text/html"]}}'::jsonb, '{{}}', '\\x28b52ffd'::bytea, sha256(n::text::bytea)
        from generate_series(0::bigint, {articles} - 1) as n
        join outlet s on s.number = (n * 7) % {sources}
    """,
    "article": """
        insert into article (id, key, canonical_url, source, first_seen, current_revision, indexed_revision,
            scored_revision, scored_by)
        select pg_temp.id(1, n), s.slug || ':' || n, 'https://' || s.slug || '.example/' || n, s.slug,
            pg_temp.published(n) + interval '4 minutes', pg_temp.id(3, n), pg_temp.id(3, n), pg_temp.id(3, n),
            (select id from model limit 1)
        from generate_series(0::bigint, {articles} - 1) as n
        join outlet s on s.number = (n * 7) % {sources}
    """,
    "revision": """
        insert into revision (id, article, capture, text_sha256, title, text, language, script, published_at, cut_by,
            search, created_at)
        select pg_temp.id(3, n), pg_temp.id(1, n), pg_temp.id(2, n), sha256(n::text::bytea), b.title || ' ' || n,
            b.text, b.language, case b.language when 'en' then 'latn' else 'cyrl' end, pg_temp.published(n), 'layout:0',
            b.search, pg_temp.published(n) + interval '5 minutes'
        from generate_series(0::bigint, {articles} - 1) as n
        join body b on b.number = (n * 7919) % {bodies}
    """,
    "incident": """
        insert into incident (id, title, first_seen, last_seen, labels, severity, place, region, actors)
        select pg_temp.id(4, a), b.title || ' ' || a, pg_temp.published(a), pg_temp.published(a),
            case when pg_temp.chance(1, n) < 0.25 then
                array(select distinct unnest(array[pg_temp.label(n), pg_temp.label(n + 1000003)]))
            else array[pg_temp.label(n)] end,
            case when pg_temp.chance(2, n) < 0.35 then 1 when pg_temp.chance(2, n) < 0.7 then 2
                when pg_temp.chance(2, n) < 0.92 then 3 else 4 end,
            case when n % 3 > 0 then 'Алматы' end, 'KZ-' || ({regions}::text[])[1 + (n * 13 % 20)::int],
            case when n % 2 = 0 then array['полиция'] else '{{}}'::text[] end
        from incident_number join body b on b.number = (a * 7919) % {bodies}
    """,
    "incident_article": """
        insert into incident_article (incident, article, why, score, by)
        select pg_temp.id(4, a), pg_temp.id(1, a + copy), case copy when 0 then 'first' else 'copy' end, 0.9, 'grouping'
        from incident_number, generate_series(0, 3) as copy
        where a + copy < {articles} and (copy = 0 or pg_temp.chance(3, n) < 0.45 / (copy * copy))
    """,
    "alert": """
        insert into alert (id, incident, tier, score, opened_at)
        select pg_temp.id(5, a), pg_temp.id(4, a), case when pg_temp.chance(4, n) < 0.6 then 'mail' else 'queue' end,
            round((0.3 + 0.69 * pg_temp.chance(4, n))::numeric, 3), pg_temp.published(a) + interval '6 minutes'
        from incident_number
    """,
    "prediction": """
        insert into prediction (revision, model, relevance, probabilities, labels, tier, reasons)
        select pg_temp.id(3, n), m.id, case when i.article is null then 0.02 else 0.8 end,
            '{{"detention": 0.4, "raid": 0.1, "prosecution": 0.2, "censorship": 0.01, "obstruction": 0.05}}'::jsonb,
            case when i.article is null then '{{}}'::text[] else array[pg_temp.label(n)] end,
            case when i.article is null then null when n % 5 < 3 then 'mail' else 'queue' end,
            case when i.article is null then '[]'::jsonb else '[{{"label": "detention", "phrase": "x", "start": 0,
                "end": 9, "weight": 1.1, "concept": null, "side": "for"}}, {{"label": "relevance", "phrase": "y",
                "start": 40, "end": 60, "weight": -0.4, "concept": null, "side": "against"}}]'::jsonb end
        from generate_series(0::bigint, {articles} - 1) as n
        cross join (select id from model where state = 'champion') as m
        left join incident_article i on i.article = pg_temp.id(1, n)
    """,
    "alert_event": """
        insert into alert_event (id, alert, kind, article, ready_at)
        select pg_temp.id(7, a), pg_temp.id(5, a), 'opened', pg_temp.id(1, a),
            pg_temp.published(a) + interval '6 minutes'
        from incident_number
    """,
    "review": """
        insert into review (id, account, subject, subject_id, revision, decision, labels, reason, created_at)
        select pg_temp.id(6, a), p.id, 'alert', pg_temp.id(5, a), pg_temp.id(3, a), d.decision,
            case when d.decision in ('confirm', 'correct') then array[pg_temp.label(n)] end,
            case when d.decision = 'reject' then 'ordinary_crime' end,
            least(pg_temp.published(a) + interval '1 day' * (0.2 + pg_temp.chance(7, n)), {now}::timestamptz)
        from incident_number
        cross join lateral (select case
            when pg_temp.chance(8, n) < 0.30 then 'confirm' when pg_temp.chance(8, n) < 0.40 then 'correct'
            when pg_temp.chance(8, n) < 0.92 then 'reject' when pg_temp.chance(8, n) < 0.97 then 'duplicate'
            else 'unsure' end as decision) as d
        left join reader p on p.number = n % {readers}
        where pg_temp.chance(9, n)
            < case when pg_temp.published(a) < {now}::timestamptz - interval '30 days' then 0.98 else 0.5 end
    """,
    "party": """
        insert into party (id, key, kind, names, search)
        select pg_temp.id(8, n), 'person:серик ахметов ' || n,
            case when n % 4 = 0 then 'organisation' else 'person' end,
            array['Серік Ахметов ' || n, 'Serik Akhmetov ' || n], ({named} || ' ''' || n || '''')::tsvector
        from generate_series(0::bigint, {alerts} / 3) as n
    """,
    "proceeding": """
        insert into proceeding (incident, party, status, since, history)
        select pg_temp.id(4, a), pg_temp.id(8, n % ({alerts} / 3 + 1)),
            case when n % 3 = 0 then 'detained' when n % 3 = 1 then 'fined' else 'named' end, pg_temp.published(a),
            case when n % 3 = 2 then '[]'::jsonb else jsonb_build_array(jsonb_build_object(
                'status', case when n % 3 = 0 then 'detained' else 'fined' end,
                'day', to_char(pg_temp.published(a), 'YYYY-MM-DD'), 'precision', 'day', 'time', 1, 'article', '',
                'words', '')) end
        from incident_number where n % 10 < 7
    """,
    "entry": """
        insert into entry (id, source, url, canonical_url, route, found_at, published_at, state, capture_id, cut_id)
        select pg_temp.id(9, n), s.slug, 'https://' || s.slug || '.example/' || n,
            'https://' || s.slug || '.example/' || n, 'feed', pg_temp.published(n) + interval '3 minutes',
            pg_temp.published(n), 'fetched', pg_temp.id(2, n), pg_temp.id(2, n)
        from generate_series(0::bigint, {articles} - 1) as n
        join outlet s on s.number = (n * 7) % {sources}
    """,
    "poll": """
        insert into poll (id, source, url, started, state, items, new)
        select gen_random_uuid(), s.slug, 'https://' || s.slug || '.example/rss',
            {now}::timestamptz - n * interval '5 minutes', case when n % 50 = 7 then 'timeout' else 'ok' end, 20,
            case when n % 12 = 0 then 2 else 0 end
        from outlet s, generate_series(0, {polls}) as n
    """,
}


def build(database: Database, administrator: str, articles: int, readers: list[str], seed: int = 1) -> dict[str, float]:
    """Fill an empty, migrated database; seconds of each step.

    administrator: a connection string of a superuser, for foreign keys are checked by construction; readers: ids of
    the accounts that decided."""
    alerts = articles // 10
    took: dict[str, float] = {}
    with database.session() as session:
        for month in range(DAYS // 30 + 2):
            partitions.ensure(session, NOW - timedelta(days=DAYS - 30 * month))
    declared = load().sources
    with psycopg.connect(administrator, autocommit=False) as connection:
        for setting in ("session_replication_role = replica", "synchronous_commit = off", "work_mem = '256MB'",
                        "maintenance_work_mem = '512MB'"):  # fmt: skip
            connection.execute(sql.SQL("set " + setting))
        began = time.perf_counter()
        _lists(connection, declared, readers, articles, alerts, seed)
        took["words"] = time.perf_counter() - began
        dropped = _drop_indexes(connection)
        values = {
            "articles": articles, "alerts": alerts, "bodies": min(BODIES, articles), "sources": len(declared),
            "readers": max(1, len(readers)), "polls": max(10, min(4000, articles // 100)), "now": NOW,
            "regions": REGIONS, "named": searching.names_vector(["Серік Ахметов", "Serik Akhmetov"]),
        }  # fmt: skip
        for name, statement in STEPS.items():
            began = time.perf_counter()
            connection.execute(_filled(statement, values))
            took[name] = time.perf_counter() - began
        began = time.perf_counter()
        for statement in dropped.values():
            connection.execute(sql.SQL(statement))
        took["indexes"] = time.perf_counter() - began
        connection.execute("analyze")
        began = time.perf_counter()
        # What triggers keep up to date, in one go.
        connection.execute("select refresh_alert_rank(array(select id from alert))")
        took["alert_rank"] = time.perf_counter() - began
    with psycopg.connect(administrator, autocommit=True) as connection:
        began = time.perf_counter()
        # Index-only scans need it; the largest tables are read by key.
        connection.execute(
            "vacuum analyze article, prediction, incident, incident_article, alert, alert_rank, review, party, "
            "proceeding"
        )
        took["vacuum"] = time.perf_counter() - began
    return took


def is_built(administrator: str) -> bool:
    """Whether the database holds articles already."""
    with psycopg.connect(administrator) as connection:
        return connection.execute("select from article limit 1").fetchone() is not None


def _filled(statement: str, values: dict[str, object]) -> sql.Composed:
    return sql.SQL(statement).format(**{name: sql.Literal(value) for name, value in values.items()})


def _lists(
    connection: psycopg.Connection, declared: dict, readers: list[str], articles: int, alerts: int, seed: int
) -> None:
    """What the steps draw from: functions, outlets, readers, texts, which articles begin an incident."""
    connection.execute(
        _filled(
            FUNCTIONS,
            {
                "start": NOW - timedelta(days=DAYS), "step": timedelta(days=DAYS) / articles, "labels": list(LABELS),
                "number_of_labels": len(LABELS),
            },
        )
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("create temp table outlet (number int primary key, slug text)")
        cursor.execute("create temp table reader (number int primary key, id uuid)")
        cursor.execute(
            "create temp table body (number int primary key, language text, title text, text text, search tsvector)"
        )
        cursor.executemany("insert into outlet values (%s, %s)", list(enumerate(declared)))
        cursor.executemany("insert into reader values (%s, %s)", list(enumerate(readers)))
        cursor.executemany(
            "insert into source (slug, name, tier, kind, languages, country, enabled) "
            "values (%s, %s, %s, %s, %s, %s, true) on conflict do nothing",
            [(one.slug, one.name, one.tier, one.kind, list(one.languages), one.country) for one in declared.values()],
        )
        cursor.execute(
            "insert into model (id, version, sha256, state, body, trained_at, metrics, data_sha256, taxonomy) "
            "values (gen_random_uuid(), 'bench-1', '', 'champion', '', now(), '{}', '', '{}') on conflict do nothing"
        )
        with cursor.copy("copy body (number, language, title, text, search) from stdin") as copy:
            for number, row in enumerate(bodies(min(BODIES, articles), seed)):
                copy.write_row((number, *row))
        cursor.execute("analyze body")
        cursor.execute(
            sql.SQL("create temp table incident_number as select n::bigint, (n * {every})::bigint as a "
                    "from generate_series(0, {last}) as n").format(every=articles // alerts, last=alerts - 1)
        )  # fmt: skip
        cursor.execute("analyze incident_number")


def bodies(number: int, seed: int) -> Iterator[tuple[str, str, str, str]]:
    """(language, title, text, tsvector) of texts that are put together from sentences of the seed corpus."""
    chance = Random(seed)
    by_language: dict[str, list[Text]] = {}
    for text in registry.seed_texts():
        by_language.setdefault(text.lang or "ru", []).append(text)
    sentences = {
        language: [part for text in texts for part in re.split(r"(?<=[.!?])\s+", text.text) if 20 < len(part) < 300]
        for language, texts in by_language.items()
    }
    words: dict[tuple[str, str], list[tuple[str, ...]]] = {}
    for _number in range(number):
        language = chance.choices(["ru", "kk", "en"], [65, 28, 7])[0]
        title = chance.choice(by_language[language]).title
        chosen = chance.sample(sentences[language], SENTENCES)
        found: dict[str, list[str]] = {}
        place = 0
        # As searching.search_vector would, but each sentence is read once.
        for part in (title, *chosen):
            for stems in words.get((language, part)) or words.setdefault((language, part), _stems(part, language)):
                place += 1
                for stem in stems:
                    found.setdefault(stem, []).append(f"{place}{'A' if part is title else 'B'}")
        vector = " ".join(f"{searching.quoted(stem)}:{','.join(places)}" for stem, places in found.items() if stem)
        yield language, title, " ".join(chosen), vector


def _stems(sentence: str, language: str) -> list[tuple[str, ...]]:
    return [place.stems for place in searching.places(tokenize("", sentence), language)]


def _drop_indexes(connection: psycopg.Connection) -> dict[str, str]:
    """Drop the indexes of the large tables that no constraint needs; how to make each again."""
    rows = connection.execute(
        "select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) from pg_index i "
        "join pg_class t on t.oid = i.indrelid where t.relname = any(%s) and not i.indisunique "
        "and not exists (select from pg_constraint c where c.conindid = i.indexrelid) "
        "and not exists (select from pg_inherits h where h.inhrelid = i.indexrelid)",
        [list(LOADED)],
    ).fetchall()
    for name, _definition in rows:
        connection.execute(sql.SQL("drop index {}").format(sql.Identifier(name)))
    return {name: re.sub(r" ON ONLY ", " ON ", definition) for name, definition in rows}
