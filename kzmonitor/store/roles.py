"""Roles of the database with the least rights that each part needs, as data, and the SQL that grants them.

They cannot log in; an operator makes logins that are members of them. Whoever owns the tables upgrades the schema,
drops monthly tables, prunes, backs up and restores."""

from collections.abc import Iterator, Mapping, Sequence

from psycopg import sql
from sqlalchemy import Connection, text

from kzmonitor.store import table_copies

# What a part may do with a table: the first letters of select, insert, update, delete.
_WORDS = {"s": "select", "i": "insert", "u": "update", "d": "delete"}
SOURCES = ("source", "host", "poll", "entry", "backfill", "coverage", "canary")
CAPTURES = ("capture",)
ARTICLES = ("article", "revision", "watch", "page_event")
PROOF = ("manifest", "manifest_leaf")
INDEXES = ("article_signature", "article_band", "article_clue", "clue_token", "article_pair")
SCORES = ("prediction",)
INCIDENTS = ("incident", "incident_article", "party", "proceeding", "campaign", "alert", "alert_event", "alert_rank")
MODELS = ("model", "training_run", "figure")
DECISIONS = ("review", "pair_label", "missed_report", "audit_log")
REQUESTS = ("request",)
DIGESTS = ("subscriber", "delivery", "delivery_item")
DESK = ("saved_view",)
# Secrets, or who tried to come in: the desk's alone.
LOGINS = ("session", "token", "recovery_code", "invitation", "login_attempt", "oidc_login")
ACCOUNTS = ("account",)
SCHEMA = ("alembic_version",)

Grants = Mapping[tuple[str, ...], str]
GRANTS: Mapping[str, Grants] = {
    "kzmonitor_collect": {
        SOURCES: "siud", CAPTURES: "si", ARTICLES: "siu", INCIDENTS: "s", ("missed_report",): "su",
        ("review",): "s", ("model",): "s", SCHEMA: "s",
    },
    "kzmonitor_understand": {
        SOURCES: "siud", CAPTURES: "s", ARTICLES: "siu", PROOF: "si", INDEXES: "siud", SCORES: "siu",
        INCIDENTS: "siud", MODELS: "siud", ("review", "pair_label"): "s", ("missed_report",): "su",
        ("audit_log",): "si", DIGESTS: "siud", ("account",): "s", SCHEMA: "s",
    },
    "kzmonitor_web": {
        SOURCES: "siu", CAPTURES: "si", ARTICLES: "siu", PROOF: "s", INDEXES: "siud", SCORES: "si", INCIDENTS: "siud",
        MODELS: "siud", ("review", "pair_label", "audit_log"): "si", ("missed_report",): "siu", REQUESTS: "siu",
        DIGESTS: "siud", DESK: "siud", LOGINS: "siud", ACCOUNTS: "siu", SCHEMA: "s",
    },
    "kzmonitor_erase": {("audit_log",): "i"},
    "kzmonitor_read": {
        SOURCES: "s", CAPTURES: "s", ARTICLES: "s", PROOF: "s", INDEXES: "s", SCORES: "s", INCIDENTS: "s", MODELS: "s",
        DECISIONS: "s", SCHEMA: "s",
    },
}  # fmt: skip
# Rights to single columns. To erase, of a page: what it said, and what was drawn from it; see evidence.erasure.
COLUMNS: Mapping[str, Mapping[str, tuple[str, Sequence[str]]]] = {
    "kzmonitor_understand": {"manifest": ("update", ("timestamp", "timestamp_state"))},
    "kzmonitor_erase": {
        "capture": ("update", ("body", "erased_at", "erased_why")),
        "revision": ("update", ("title", "text", "author", "search")),
        "prediction": ("update", ("reasons", "fields")),
        "entry": ("update", ("title",)),
        "incident": ("update", ("title",)),
        "incident_article": ("update", ("reasons",)),
        "article_clue": ("update", ("clues",)),
        "article_pair": ("update", ("reasons",)),
        "proceeding": ("update", ("history",)),
    },
    "kzmonitor_read": {"account": ("select", ("id", "pseudonym", "role", "created_at", "disabled_at"))},
}
# The coming months' tables of captures and predictions, which only their owner can make.
MAY_MAKE_MONTHS = ("kzmonitor_collect", "kzmonitor_understand")
ROLES = tuple(GRANTS)
_TRIGGERS = """
    select oid::regprocedure::text from pg_proc where pronamespace = 'public'::regnamespace
    and prokind = 'f' and prolang = (select oid from pg_language where lanname = 'plpgsql') order by 1
"""
_VIEWS = "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'v' order by 1"
# An owner who may make no roles is content with those that are there.
MAKE = """do $$ begin
    if not exists (select from pg_roles where rolname = '{role}') then
        create role {role} nologin;
    end if;
exception when duplicate_object or unique_violation then null;
end $$"""


def statements(connection: Connection) -> Iterator[str]:
    """The SQL for this database, a statement each. Safe to repeat: what a role was granted before is taken back."""
    database = str(connection.scalar(text("select current_database()")))
    tables = [*table_copies.table_names(connection), *connection.scalars(text(_VIEWS))]
    views = set(connection.scalars(text(_VIEWS)))
    for role, grants in GRANTS.items():
        yield MAKE.format(role=role)
        yield f"grant connect on database {_quoted(database)} to {role}"
        yield f"grant usage on schema public to {role}"
        yield f"revoke all on all tables in schema public from {role}"
        for group, letters in grants.items():
            rights = ", ".join(_WORDS[letter] for letter in letters)
            yield f"grant {rights} on {', '.join(map(_quoted, group))} to {role}"
        for table, (right, columns) in COLUMNS.get(role, {}).items():
            yield f"grant {right} ({', '.join(map(_quoted, columns))}) on {_quoted(table)} to {role}"
        if views:
            yield f"grant select on {', '.join(_quoted(name) for name in tables if name in views)} to {role}"
    # What the database keeps by itself it keeps with its owner's rights, whoever's change set it off.
    for function in connection.scalars(text(_TRIGGERS)):
        yield f"alter function {function} security definer set search_path = public, pg_temp"
        yield f"revoke execute on function {function} from public"
    for role in MAY_MAKE_MONTHS:
        yield f"grant execute on function make_month(text, date) to {role}"


def apply(connection: Connection) -> int:
    """Make the roles and grant them their rights, in the caller's transaction; how many statements that were."""
    done = list(statements(connection))
    with table_copies.cursor(connection) as cursor:
        for statement in done:
            cursor.execute(statement)
    return len(done)


def _quoted(name: str) -> str:
    return sql.Identifier(name).as_string(None)
