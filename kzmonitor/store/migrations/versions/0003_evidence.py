"""Evidence: which capture is covered by which manifest, and when a manifest was closed and stamped"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "manifest",
        sa.Column("closed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.add_column(
        "manifest",
        sa.Column("timestamp", sa.LargeBinary(), nullable=True, comment="RFC 3161 reply (DER) over the root"),
    )
    op.add_column(
        "manifest",
        sa.Column(
            "timestamp_state", sa.Text(), nullable=True, comment="named state of the last try; empty: none was made"
        ),
    )
    op.create_table(
        "manifest_leaf",
        sa.Column("capture", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False, comment="32 bytes, see evidence.leaves"),
        sa.Column("parts", sa.LargeBinary(), nullable=False, comment="8 bytes of hash for each part of the capture"),
        sa.ForeignKeyConstraint(
            ["day"], ["manifest.day"], name="fk_manifest_leaf_day", deferrable=True, initially="DEFERRED"
        ),
        sa.PrimaryKeyConstraint("capture", name="pk_manifest_leaf"),
    )
    op.create_index("ix_manifest_leaf_day_capture", "manifest_leaf", ["day", "capture"])


def downgrade() -> None:
    op.drop_table("manifest_leaf")
    op.drop_column("manifest", "timestamp_state")
    op.drop_column("manifest", "timestamp")
    op.drop_column("manifest", "closed_at")
