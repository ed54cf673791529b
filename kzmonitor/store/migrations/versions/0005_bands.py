"""Near-duplicate keys: one hash function's lowest values in place of 85 bands, four bytes for an article"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What was indexed is found anew by `index_waiting`: all articles wait, flagged or not.
    op.drop_table("article_band")
    op.create_table(
        "article_signature",
        sa.Column("article", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), sa.Identity(), nullable=False),
        sa.ForeignKeyConstraint(["article"], ["article.id"], name=op.f("fk_article_signature_article")),
        sa.ForeignKeyConstraint(["revision"], ["revision.id"], name=op.f("fk_article_signature_revision")),
        sa.PrimaryKeyConstraint("article", name=op.f("pk_article_signature")),
        sa.UniqueConstraint("revision", name=op.f("uq_article_signature_revision")),
        sa.UniqueConstraint("number", name=op.f("uq_article_signature_number")),
    )
    op.create_table(
        "article_band",
        sa.Column("key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "article", sa.Integer(), autoincrement=False, nullable=False,
            comment="the number of its article_signature",
        ),
        sa.PrimaryKeyConstraint("key", "article", name=op.f("pk_article_band")),
    )
    # Rows are only added, in random order of the key: without a vacuum after inserts, lookups would visit the table.
    op.execute("alter table article_band set (autovacuum_vacuum_insert_scale_factor = 0.05)")


def downgrade() -> None:
    op.drop_table("article_band")
    op.drop_table("article_signature")
    op.create_table(
        "article_band",
        sa.Column("band", sa.SmallInteger(), nullable=False),
        sa.Column("hash", sa.BigInteger(), nullable=False),
        sa.Column("article", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["article"], ["article.id"], name=op.f("fk_article_band_article")),
        sa.PrimaryKeyConstraint("band", "hash", "article", name=op.f("pk_article_band")),
    )
    op.create_index(op.f("ix_article_band_article"), "article_band", ["article"], unique=False)
