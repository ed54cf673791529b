"""Campaigns with their figures"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WORDS = postgresql.ARRAY(sa.Text())
TIME = sa.DateTime(timezone=True)
EXPLAINED = {
    "title": "the label and the first names, not translated",
    "incidents": "in order of time",
}


def new() -> list[sa.Column]:
    return [
        sa.Column("subject", sa.Text(), comment="label:organisations, label:people, or the key of the target"),
        sa.Column(
            "targets", WORDS, server_default=sa.text("'{}'"), nullable=False, comment="in the order in which they came"
        ),
        sa.Column("outlets", WORDS, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("named_at", TIME, comment="of the incident that made it surprising enough"),
        sa.Column("seen", sa.Integer(), comment="targets or outlets in its most surprising window"),
        sa.Column("expected", sa.Float(), comment="how many are usual"),
        sa.Column("window_days", sa.Integer()),
        sa.Column("chance", sa.Float(), comment="of as many by accident"),
        sa.Column("recurrence_years", sa.Float(), comment="chance alone shows as much once in so many"),
        sa.Column("found_at", TIME, server_default=sa.text("now()"), nullable=False),
        sa.Column("gone_at", TIME, comment="since when its incidents are none any more"),
        sa.Column("merged_into", sa.Uuid()),
    ]


def upgrade() -> None:
    for column in new():
        op.add_column("campaign", column)
    for name, comment in EXPLAINED.items():
        op.alter_column("campaign", name, comment=comment)
    op.create_foreign_key(op.f("fk_campaign_merged_into"), "campaign", "campaign", ["merged_into"], ["id"])
    op.create_index("ix_campaign_subject", "campaign", ["pattern", "subject"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_campaign_subject", table_name="campaign")
    op.drop_constraint(op.f("fk_campaign_merged_into"), "campaign", type_="foreignkey")
    for name in EXPLAINED:
        op.alter_column("campaign", name, comment=None)
    for column in reversed(new()):
        op.drop_column("campaign", column.name)
