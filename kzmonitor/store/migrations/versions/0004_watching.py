"""Watching pages and imports"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("entry", "article"):
        op.add_column(
            table,
            sa.Column(
                "tell", sa.Boolean(), server_default=sa.text("true"), nullable=False,
                comment="whether its alerts are news for a digest; not what was imported or backfilled",
            ),
        )
    op.create_table(
        "watch",
        sa.Column("article", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column(
            "first_seen", sa.DateTime(timezone=True), nullable=False, comment="the schedule counts from here"
        ),
        sa.Column(
            "next_at", sa.DateTime(timezone=True), nullable=True, comment="when it is looked at again; empty: never"
        ),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen", sa.Text(), nullable=True, comment="named state of the last look"),
        sa.Column("good_capture", sa.Uuid(), nullable=False),
        sa.Column("good_revision", sa.Uuid(), nullable=False),
        sa.Column(
            "good_at", sa.DateTime(timezone=True), nullable=False, comment="when the page was last seen to be well"
        ),
        sa.Column("standing", sa.Text(), server_default="good", nullable=False),
        sa.Column("doubt_kind", sa.Text(), nullable=True),
        sa.Column("doubt_state", sa.Text(), nullable=True),
        sa.Column("doubt_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("doubt_looks", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("holder", sa.Integer(), nullable=True, comment="who leased it, see store.leases"),
        sa.Column("fence", sa.BigInteger(), server_default=sa.text("0"), nullable=False, comment="grows with each lease"),
        sa.CheckConstraint("standing in ('good', 'gone', 'blocked')", name=op.f("ck_watch_standing")),
        sa.CheckConstraint("doubt_kind in ('changed', 'gone', 'blocked')", name=op.f("ck_watch_doubt_kind")),
        sa.ForeignKeyConstraint(["article"], ["article.id"], name=op.f("fk_watch_article")),
        sa.ForeignKeyConstraint(["source"], ["source.slug"], name=op.f("fk_watch_source")),
        sa.ForeignKeyConstraint(["good_capture"], ["capture.id"], name=op.f("fk_watch_good_capture")),
        sa.ForeignKeyConstraint(["good_revision"], ["revision.id"], name=op.f("fk_watch_good_revision")),
        sa.PrimaryKeyConstraint("article", name=op.f("pk_watch")),
    )
    op.create_index(
        "ix_watch_due", "watch", ["source", "next_at"], postgresql_where=sa.text("next_at is not null")
    )
    op.create_table(
        "page_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("article", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "state", sa.Text(), nullable=False, comment="named state: 404, soft-404, dns, tls, 403-wall, 451, edited, ..."
        ),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False, comment="the first look that saw it"),
        sa.Column(
            "good_at", sa.DateTime(timezone=True), nullable=False,
            comment="the last look before that saw the page as it was",
        ),
        sa.Column(
            "confirmed", sa.Boolean(), nullable=False, comment="false: the page's layout changed too, a person should look"
        ),
        sa.Column("before_capture", sa.Uuid(), nullable=True),
        sa.Column("after_capture", sa.Uuid(), nullable=True),
        sa.Column("before_revision", sa.Uuid(), nullable=True),
        sa.Column("after_revision", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind in ('changed', 'gone', 'blocked', 'back')", name=op.f("ck_page_event_kind")),
        sa.ForeignKeyConstraint(["article"], ["article.id"], name=op.f("fk_page_event_article")),
        sa.ForeignKeyConstraint(["before_capture"], ["capture.id"], name=op.f("fk_page_event_before_capture")),
        sa.ForeignKeyConstraint(["after_capture"], ["capture.id"], name=op.f("fk_page_event_after_capture")),
        sa.ForeignKeyConstraint(["before_revision"], ["revision.id"], name=op.f("fk_page_event_before_revision")),
        sa.ForeignKeyConstraint(["after_revision"], ["revision.id"], name=op.f("fk_page_event_after_revision")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_event")),
        sa.UniqueConstraint("article", "kind", "since", name=op.f("uq_page_event_article_kind_since")),
    )
    op.create_table(
        "backfill",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False, comment="address or template, as declared"),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column(
            "place", sa.Integer(), server_default=sa.text("0"), nullable=False,
            comment="pages, days or sitemaps that are done",
        ),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column(
            "found", sa.Integer(), server_default=sa.text("0"), nullable=False,
            comment="addresses that were not known before",
        ),
        sa.Column(
            "tell", sa.Boolean(), server_default=sa.text("false"), nullable=False,
            comment="whether its alerts are news for a digest",
        ),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state in ('open', 'done')", name=op.f("ck_backfill_state")),
        sa.ForeignKeyConstraint(["source"], ["source.slug"], name=op.f("fk_backfill_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backfill")),
        sa.UniqueConstraint(
            "source", "url", "first_day", "last_day", name=op.f("uq_backfill_source_url_first_day_last_day")
        ),
    )


def downgrade() -> None:
    for table in ("backfill", "page_event", "watch"):
        op.drop_table(table)
    for table in ("article", "entry"):
        op.drop_column(table, "tell")
