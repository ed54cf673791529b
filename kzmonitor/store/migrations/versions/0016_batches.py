"""What waits to be indexed, scored and read is found by an index, however many articles there are."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

COLUMNS = {
    "indexed_revision": "the text by which its copies are found",
    "scored_revision": "the text that was scored last",
    "scored_by": "the model that said so",
}
DUE = "it was flagged, or nearly; its clues are not read yet"
# What was done before stands in the columns from now on; what is flagged and unread goes on waiting.
INDEXED = """
    update article set indexed_revision = article_signature.revision from article_signature
    where article_signature.article = article.id
"""
SCORED = """
    update article set scored_revision = said.revision, scored_by = said.model, clues_due = said.flagged and not exists (
        select from article_clue where article_clue.article = article.id
        and (not said.by_tier or (article_clue.revision, article_clue.model) = (said.revision, said.model))
    )
    from (
        select distinct on (prediction.revision) prediction.revision, prediction.model,
            prediction.tier is not null as by_tier, prediction.tier is not null
                or prediction.relevance >= 0.05 and prediction.created_at > now() - interval '45 days' as flagged
        from prediction join model on model.id = prediction.model
        order by prediction.revision, model.state = 'champion' desc, prediction.created_at desc
    ) as said
    where said.revision = article.current_revision
"""


def upgrade() -> None:
    for name, comment in COLUMNS.items():
        op.add_column("article", sa.Column(name, sa.Uuid(), nullable=True, comment=comment))
    op.add_column(
        "article",
        sa.Column("clues_due", sa.Boolean(), server_default=sa.text("false"), nullable=False, comment=DUE),
    )
    op.execute(INDEXED)
    op.execute(SCORED)
    op.create_foreign_key(op.f("fk_article_scored_by"), "article", "model", ["scored_by"], ["id"])
    op.create_index(
        "ix_article_unindexed",
        "article",
        ["id"],
        postgresql_where=sa.text("current_revision is distinct from indexed_revision"),
    )
    op.create_index(
        "ix_article_unscored",
        "article",
        ["current_revision"],
        postgresql_where=sa.text("current_revision is distinct from scored_revision"),
    )
    op.create_index("ix_article_scored_by", "article", ["scored_by", "current_revision"])
    op.create_index("ix_article_clues_due", "article", ["current_revision"], postgresql_where=sa.text("clues_due"))
    op.create_index("ix_article_clue_recipe", "article_clue", ["recipe"])


def downgrade() -> None:
    op.drop_index("ix_article_clue_recipe", table_name="article_clue")
    for column in ("clues_due", "scored_by", "scored_revision", "indexed_revision"):
        op.drop_column("article", column)
