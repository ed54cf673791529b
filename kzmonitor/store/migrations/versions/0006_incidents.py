"""Incidents as a function of their articles"""

from importlib import import_module

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NO_JSON = sa.text("'[]'::jsonb")
NO_WORDS = sa.text("'{}'")


def upgrade() -> None:
    _grouping()
    _records()


def downgrade() -> None:
    _no_records()
    _no_grouping()


# As in 0002, but what was merged elsewhere stands there, and its confirmations and corrections with it.
STANDING = """
create view alert_standing as
select
    alert.id as alert,
    case
        when incident.redirect_to is not null then 'duplicate'
        else case decided.decision
            when 'confirm' then 'confirmed'
            when 'correct' then 'confirmed'
            when 'reject' then 'rejected'
            when 'duplicate' then 'duplicate'
            else 'open'
        end
    end as status,
    coalesce(decided.labels, incident.labels) as labels,
    decided.id as review,
    decided.created_at as decided_at
from alert
join incident on incident.id = alert.incident
left join lateral (
    select review.id, review.decision, review.labels, review.created_at
    from review
    where review.subject = 'alert'
      and (
        (review.subject_id = alert.id and review.decision in ('confirm', 'correct', 'reject', 'duplicate'))
        or (
          review.decision in ('confirm', 'correct')
          and review.subject_id in (
            select merged.id from alert as merged
            join incident as gone on gone.id = merged.incident
            where gone.redirect_to = incident.id
          )
        )
      )
      and not exists (select from review as undo where undo.undoes = review.id)
    order by review.id desc
    limit 1
) as decided on true
"""


def _grouping() -> None:
    """Merged incidents, the index of clues, pairs, and labels of pairs that are never overwritten."""
    op.add_column(
        "incident",
        sa.Column("redirect_to", sa.Uuid(), comment="the incident it was merged into, which is merged into none"),
    )
    op.create_foreign_key("fk_incident_redirect_to", "incident", "incident", ["redirect_to"], ["id"])
    op.create_index("ix_incident_redirect_to", "incident", ["redirect_to"])
    op.add_column(
        "incident",
        sa.Column(
            "opened_by", sa.Uuid(), comment="its earliest article when it was opened: where that stands, it is"
        ),
    )
    op.create_foreign_key("fk_incident_opened_by", "incident", "article", ["opened_by"], ["id"])
    op.alter_column(
        "incident_article", "why", comment="first, copy, same event, person, or round-up: lists it among others"
    )
    op.alter_column("incident_article", "score", comment="chance that it tells of the same event")
    op.add_column(
        "incident_article",
        sa.Column(
            "reasons", postgresql.ARRAY(sa.Text()), server_default=NO_WORDS, nullable=False,
            comment="clue, or clue: what is shared",
        ),
    )  # fmt: skip
    _clues()
    op.drop_constraint("pk_pair_label", "pair_label")
    op.create_primary_key("pk_pair_label", "pair_label", ["first", "second", "review"])
    op.create_index("ix_pair_label_second", "pair_label", ["second"])
    op.execute("drop view alert_standing")
    op.execute(STANDING)


def _clues() -> None:
    op.create_table(
        "article_clue",
        sa.Column("article", sa.Uuid(), sa.ForeignKey("article.id"), primary_key=True),
        sa.Column("revision", sa.Uuid(), sa.ForeignKey("revision.id"), nullable=False),
        sa.Column(
            "model", sa.Uuid(), sa.ForeignKey("model.id"), nullable=False, comment="whose prediction it is read by"
        ),
        sa.Column("recipe", sa.SmallInteger(), nullable=False, comment="of the clues, see incidents.clues"),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False, comment="published, else first seen"),
        sa.Column("clues", postgresql.JSONB(), nullable=False),
        sa.Column("paired", sa.Boolean(), nullable=False, comment="its pairs with what was there before are scored"),
        sa.Column("grouped", sa.Boolean(), nullable=False),
    )
    for step, waits in (("unpaired", "not paired"), ("ungrouped", "paired and not grouped")):
        op.create_index(f"ix_article_clue_{step}", "article_clue", ["told_at"], postgresql_where=sa.text(waits))
    op.create_table(
        "clue_token",
        sa.Column("token", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("told_at", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("article", sa.Uuid(), sa.ForeignKey("article.id"), primary_key=True),
        sa.Column(
            "reach_days", sa.SmallInteger(), nullable=False, comment="two articles that share it may be so far apart"
        ),
    )
    op.create_index("ix_clue_token_article", "clue_token", ["article"])
    op.create_table(
        "article_pair",
        sa.Column("first", sa.Uuid(), sa.ForeignKey("article.id"), primary_key=True),
        sa.Column("second", sa.Uuid(), sa.ForeignKey("article.id"), primary_key=True),
        sa.Column("chance", sa.Float(), nullable=False),
        sa.Column("reasons", postgresql.ARRAY(sa.Text()), nullable=False),
    )
    op.create_index("ix_article_pair_second", "article_pair", ["second"])


def _no_grouping() -> None:
    op.execute("drop view alert_standing")
    for table in ("article_pair", "clue_token", "article_clue"):
        op.drop_table(table)
    op.drop_index("ix_pair_label_second", table_name="pair_label")
    op.drop_constraint("pk_pair_label", "pair_label")
    # Of several words on one pair the latest stays: the key had room for one.
    op.execute(
        "delete from pair_label using pair_label as later where later.first = pair_label.first"
        " and later.second = pair_label.second and later.review > pair_label.review"
    )
    op.create_primary_key("pk_pair_label", "pair_label", ["first", "second"])
    op.drop_column("incident_article", "reasons")
    op.alter_column("incident_article", "why", comment=None)
    op.alter_column("incident_article", "score", comment=None)
    op.drop_column("incident", "opened_by")
    op.drop_column("incident", "redirect_to")
    op.execute(import_module("kzmonitor.store.migrations.versions.0002_alert_standing").VIEW)


def _records() -> None:
    """What an incident's record has beside its title; the turns of its proceedings and the events that tell of them."""
    op.add_column(
        "incident",
        sa.Column(
            "title_why", sa.Text(), server_default="first", nullable=False,
            comment="first telling, or surest of the tellings",
        ),
    )  # fmt: skip
    op.add_column("incident", sa.Column("event_date", sa.Text(), comment="ISO day or month"))
    op.add_column("incident", sa.Column("sums", postgresql.JSONB(), server_default=NO_JSON, nullable=False))
    op.add_column(
        "incident",
        sa.Column(
            "law", postgresql.ARRAY(sa.Text()), server_default=NO_WORDS, nullable=False, comment="articles of law"
        ),
    )
    op.add_column("incident", sa.Column("people", sa.Integer(), comment="how many the acts befell"))
    op.add_column("incident", sa.Column("severity_parts", postgresql.JSONB(), server_default=NO_JSON, nullable=False))
    op.add_column("party", sa.Column("key", sa.Text(), comment="the gazetteer's id, or kind and skeleton of the name"))
    op.execute("update party set key = id::text")
    op.alter_column("party", "key", nullable=False)
    op.create_unique_constraint("uq_party_key", "party", ["key"])
    op.alter_column("proceeding", "status", comment="the latest turn; named: no turn is known")
    op.add_column(
        "proceeding",
        sa.Column(
            "history", postgresql.JSONB(), server_default=NO_JSON, nullable=False,
            comment="turns in order: status, day, precision, time, article, words",
        ),
    )  # fmt: skip
    _events()


def _events() -> None:
    op.alter_column("alert_event", "proceeding", comment="key of the party whose proceeding turned")
    op.add_column("alert_event", sa.Column("name", sa.Text(), comment="of that party, as it was told"))
    op.add_column("alert_event", sa.Column("day", sa.Text(), comment="of the turn, ISO day or month"))
    op.add_column(
        "alert_event",
        sa.Column(
            "late", sa.Boolean(), server_default=sa.text("false"), nullable=False,
            comment="a later turn of the proceeding had been told already",
        ),
    )  # fmt: skip
    op.add_column(
        "alert_event",
        sa.Column(
            "turns", postgresql.ARRAY(sa.Text()), server_default=NO_WORDS, nullable=False,
            comment="of proceedings that it tells of: party key, status, time, parted by |",
        ),
    )  # fmt: skip
    op.add_column(
        "alert_event",
        sa.Column("severity_parts", postgresql.JSONB(), comment="of the incident when this was written"),
    )
    op.create_index(
        "uq_alert_event_turns", "alert_event", ["alert", "turns"], unique=True,
        postgresql_where=sa.text("turns <> '{}'::text[]"),
    )  # fmt: skip


def _no_records() -> None:
    op.drop_index("uq_alert_event_turns", table_name="alert_event")
    for column in ("severity_parts", "turns", "late", "day", "name"):
        op.drop_column("alert_event", column)
    op.alter_column("alert_event", "proceeding", comment=None)
    op.drop_column("proceeding", "history")
    op.alter_column("proceeding", "status", comment=None)
    op.drop_constraint("uq_party_key", "party")
    op.drop_column("party", "key")
    for column in ("severity_parts", "people", "law", "sums", "event_date", "title_why"):
        op.drop_column("incident", column)
