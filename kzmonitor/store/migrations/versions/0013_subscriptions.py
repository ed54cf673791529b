"""Subscriptions and channels"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

WORDS = postgresql.ARRAY(sa.Text())
TIME = sa.DateTime(timezone=True)
ADDRESS = "mail address, webhook, chat of Telegram, or the name of a feed"


def of_subscriber() -> list[sa.Column]:
    return [
        sa.Column("outlets", WORDS, server_default=sa.text("'{}'"), nullable=False, comment="slugs; empty: all"),
        sa.Column(
            "notice_severity", sa.SmallInteger(), comment="told at once from this severity on; empty: nothing is"
        ),
        sa.Column(
            "weekday", sa.SmallInteger(), server_default=sa.text("0"), nullable=False,
            comment="of a weekly one; 0: Monday",
        ),
        sa.Column("account", sa.Uuid()),
        sa.Column(
            "state", sa.Text(), server_default="active", nullable=False,
            comment="unconfirmed: asked whether it wants this",
        ),
        sa.Column("token_sha256", sa.LargeBinary(), comment="of the address of a feed"),
        sa.Column("openpgp", sa.Text(), comment="certificate, armored; mail is encrypted with it or not sent"),
    ]


def of_delivery() -> list[sa.Column]:
    return [
        sa.Column(
            "left_out", sa.Integer(), server_default=sa.text("0"), nullable=False,
            comment="alerts that were not asked for",
        ),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "doubts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False,
            comment="how often it stayed unknown whether it was accepted",
        ),
        sa.Column(
            "progress", sa.SmallInteger(), server_default=sa.text("0"), nullable=False,
            comment="parts of a long message that have arrived",
        ),
        sa.Column("next_try", TIME),
    ]


def upgrade() -> None:
    for column in of_subscriber():
        op.add_column("subscriber", column)
    op.alter_column("subscriber", "address", comment=ADDRESS)
    op.create_foreign_key(op.f("fk_subscriber_account"), "subscriber", "account", ["account"], ["id"])
    op.create_index(op.f("ix_subscriber_account"), "subscriber", ["account"])
    op.create_unique_constraint(op.f("uq_subscriber_token_sha256"), "subscriber", ["token_sha256"])
    op.drop_constraint(op.f("ck_subscriber_channel"), "subscriber")
    op.create_check_constraint(
        op.f("ck_subscriber_channel"), "subscriber", "channel in ('mail', 'feed', 'webhook', 'telegram')"
    )
    op.create_check_constraint(op.f("ck_subscriber_state"), "subscriber", "state in ('active', 'unconfirmed')")
    for column in of_delivery():
        op.add_column("delivery", column)
    op.alter_column("delivery", "mode", comment="daily, weekly, immediate, or confirmation")
    op.create_index(
        "ix_delivery_unfinished", "delivery", ["channel"],
        postgresql_where=sa.text("state in ('waiting', 'sending', 'unknown')"),
    )
    op.create_index("ix_incident_article_created_at", "incident_article", ["created_at"])
    op.add_column(
        "delivery_item", sa.Column("noticed_at", TIME, comment="when an immediate notice had told of it before")
    )


def downgrade() -> None:
    op.drop_column("delivery_item", "noticed_at")
    op.drop_index("ix_incident_article_created_at", table_name="incident_article")
    op.drop_index("ix_delivery_unfinished", table_name="delivery")
    op.alter_column("delivery", "mode", comment=None)
    for column in reversed(of_delivery()):
        op.drop_column("delivery", column.name)
    # What the older schema has no place for: other channels, and addresses that have not said yes.
    gone = "select id from subscriber where channel <> 'mail' or state <> 'active'"
    deliveries = f"select id from delivery where subscriber in ({gone}) or mode = 'confirmation'"
    op.execute(f"delete from delivery_item where delivery in ({deliveries})")
    op.execute(f"delete from delivery where id in ({deliveries})")
    op.execute(f"delete from subscriber where id in ({gone})")
    op.drop_constraint(op.f("ck_subscriber_state"), "subscriber")
    op.drop_constraint(op.f("ck_subscriber_channel"), "subscriber")
    op.create_check_constraint(op.f("ck_subscriber_channel"), "subscriber", "channel in ('mail')")
    op.drop_constraint(op.f("uq_subscriber_token_sha256"), "subscriber")
    op.drop_index(op.f("ix_subscriber_account"), table_name="subscriber")
    op.drop_constraint(op.f("fk_subscriber_account"), "subscriber")
    op.alter_column("subscriber", "address", comment=None)
    for column in reversed(of_subscriber()):
        op.drop_column("subscriber", column.name)
