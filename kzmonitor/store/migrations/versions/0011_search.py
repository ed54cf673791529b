"""Full-text search; missed cases and requests"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create index ix_revision_told on revision (coalesce(published_at, created_at) desc, id desc)")
    op.execute("create index ix_revision_unsearched on revision (id) where search is null and text <> ''")
    op.add_column("party", sa.Column("search", postgresql.TSVECTOR(), nullable=True))
    op.create_index("ix_party_search", "party", ["search"], postgresql_using="gin")
    op.execute("create index ix_party_unsearched on party (id) where search is null")
    op.create_table(
        "missed_report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.Uuid(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True, comment="empty: the text was pasted"),
        sa.Column("canonical_url", sa.Text(), nullable=True),
        sa.Column(
            "source",
            sa.Text(),
            nullable=False,
            comment="slug; of an address that nobody declares, the one made for its host",
        ),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column(
            "standing",
            sa.Text(),
            nullable=False,
            comment="of its article when it was reported; unknown: we had none",
        ),
        sa.Column("error", sa.Text(), nullable=True, comment="named state of the last try to fetch it"),
        sa.Column("article", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('waiting', 'done', 'failed')", name=op.f("ck_missed_report_state")),
        sa.CheckConstraint("standing in ('flagged', 'unflagged', 'unknown')", name=op.f("ck_missed_report_standing")),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name=op.f("fk_missed_report_account")),
        sa.ForeignKeyConstraint(["article"], ["article.id"], name=op.f("fk_missed_report_article")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_missed_report")),
    )
    op.create_index("ix_missed_report_article", "missed_report", ["article"])
    op.create_index(
        "ix_missed_report_waiting", "missed_report", ["source", "id"], postgresql_where=sa.text("state = 'waiting'")
    )
    op.create_table(
        "request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alert", sa.Uuid(), nullable=False),
        sa.Column("account", sa.Uuid(), nullable=True, comment="who wrote it down"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("asker", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=True, comment="gone once the asker has been answered"),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind in ('wrong', 'correct', 'erase')", name=op.f("ck_request_kind")),
        sa.CheckConstraint("asker in ('staff', 'person', 'relative', 'lawyer', 'outlet', 'other')", name=op.f("ck_request_asker")),
        sa.CheckConstraint("decision in ('corrected', 'refused', 'erased')", name=op.f("ck_request_decision")),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name=op.f("fk_request_account")),
        sa.ForeignKeyConstraint(["alert"], ["alert.id"], name=op.f("fk_request_alert")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request")),
    )
    op.create_index("ix_request_alert", "request", ["alert"])
    op.create_index("ix_request_open", "request", ["due_on", "id"], postgresql_where=sa.text("answered_at is null"))


def downgrade() -> None:
    op.drop_table("request")
    op.drop_table("missed_report")
    op.execute("drop index ix_party_unsearched")
    op.drop_column("party", "search")
    op.execute("drop index ix_revision_unsearched")
    op.execute("drop index ix_revision_told")
