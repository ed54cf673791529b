"""Canaries and figures over time"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column(
        "source",
        sa.Column("collect_asked_at", TIME, comment="somebody wants it polled without waiting"),
    )
    op.create_index("ix_poll_source_started", "poll", ["source", "started"])
    op.create_index(
        "ix_poll_success", "poll", ["source", "started"], postgresql_where=sa.text("state in ('ok', 'not-modified')")
    )
    op.create_index("ix_entry_source_found_at", "entry", ["source", "found_at"])
    op.create_index("ix_article_first_seen", "article", ["first_seen"])
    op.create_index("ix_incident_first_seen", "incident", ["first_seen"])
    op.create_table(
        "coverage",
        sa.Column("day", sa.Date(), nullable=False, comment="in Almaty"),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.Column("counted_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["source"], ["source.slug"], name=op.f("fk_coverage_source")),
        sa.PrimaryKeyConstraint("day", "source", "language", name=op.f("pk_coverage")),
    )
    op.create_table(
        "canary",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("article", sa.Uuid(), nullable=False),
        sa.Column("capture", sa.Uuid(), nullable=False, comment="what is expected is cut from"),
        sa.Column("title", sa.Text(), nullable=False, comment="expected"),
        sa.Column("words", sa.Integer(), nullable=False, comment="expected length of the text"),
        sa.Column("published_at", TIME, comment="expected"),
        sa.Column("chosen_at", TIME, nullable=False),
        sa.Column("looked_at", TIME),
        sa.Column("state", sa.Text(), comment="named state of the last look; empty: not looked at yet"),
        sa.Column("since", TIME, comment="the first look of those in a row that saw this state"),
        sa.Column("seen_title", sa.Text()),
        sa.Column("seen_words", sa.Integer()),
        sa.Column("seen_published_at", TIME),
        sa.Column("lease_until", TIME),
        sa.Column("holder", sa.Integer(), comment="who leased it, see store.leases"),
        sa.Column("fence", sa.BigInteger(), server_default=sa.text("0"), nullable=False, comment="grows with each lease"),
        sa.ForeignKeyConstraint(["article"], ["article.id"], name=op.f("fk_canary_article")),
        sa.ForeignKeyConstraint(["capture"], ["capture.id"], name=op.f("fk_canary_capture")),
        sa.ForeignKeyConstraint(["source"], ["source.slug"], name=op.f("fk_canary_source")),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_canary")),
    )
    op.create_table(
        "figure",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_figure")),
    )
    op.create_index(op.f("ix_figure_made_at"), "figure", ["made_at"])
    op.create_table(
        "training_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "promote", sa.Boolean(), nullable=False, comment="whether it may become the champion if it passes the gate"
        ),
        sa.Column("account", sa.Uuid()),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("started_at", TIME),
        sa.Column("ended_at", TIME),
        sa.Column("outcome", sa.Text(), comment="as learn.retrain names it"),
        sa.Column("version", sa.Text()),
        sa.Column("line", sa.Text(), comment="what went wrong"),
        sa.Column("tries", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_until", TIME),
        sa.Column("holder", sa.Integer(), comment="who leased it, see store.leases"),
        sa.CheckConstraint("state in ('waiting', 'running', 'done', 'failed')", name=op.f("ck_training_run_state")),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name=op.f("fk_training_run_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_run")),
    )
    op.create_index(
        "ix_training_run_open",
        "training_run",
        ["asked_at"],
        postgresql_where=sa.text("state in ('waiting', 'running')"),
    )


def downgrade() -> None:
    for table in ("training_run", "figure", "canary", "coverage"):
        op.drop_table(table)
    op.drop_index("ix_incident_first_seen", table_name="incident")
    op.drop_index("ix_article_first_seen", table_name="article")
    op.drop_index("ix_entry_source_found_at", table_name="entry")
    op.drop_index("ix_poll_success", table_name="poll")
    op.drop_index("ix_poll_source_started", table_name="poll")
    op.drop_column("source", "collect_asked_at")
