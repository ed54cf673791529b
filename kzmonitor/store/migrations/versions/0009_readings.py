"""Readings: notes, escalation, and second readings that change nothing by themselves"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

DECISIONS = "'confirm', 'correct', 'reject', 'duplicate', 'merge', 'split', 'unsure', 'escalate', 'undo'"
# One text in ten is drawn for a second reading, and all rejections may ask for one.
READ_AGAIN = (
    "not blind and revision is not null and decision in ('confirm', 'correct', 'reject') "
    "and (decision = 'reject' or mod(('x' || left(md5(revision::text), 8))::bit(32)::bigint, 10) = 0)"
)
# As in 0006, but a blind reading decides nothing, and whoever passes an alert on is heard until somebody decides.
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
    decided.created_at as decided_at{escalated}
from alert
join incident on incident.id = alert.incident
left join lateral (
    select review.id, review.decision, review.labels, review.created_at
    from review
    where review.subject = 'alert'{not_blind}
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
ESCALATED = """,
    exists (
        select from review
        where review.subject = 'alert' and review.subject_id = alert.id and review.decision = 'escalate'
          and (decided.id is null or review.id > decided.id)
          and not exists (select from review as undo where undo.undoes = review.id)
    ) as escalated"""


def upgrade() -> None:
    op.drop_constraint(op.f("ck_review_decision"), "review")
    op.create_check_constraint(op.f("ck_review_decision"), "review", f"decision in ({DECISIONS}, 'note')")
    op.create_index("ix_review_revision", "review", ["revision", "id"])
    op.create_index("ix_review_read_again", "review", ["id"], postgresql_where=sa.text(READ_AGAIN))
    op.create_index("ix_review_blind", "review", ["id"], postgresql_where=sa.text("blind"))
    op.execute("drop view alert_standing")
    op.execute(STANDING.format(escalated=ESCALATED, not_blind=" and not review.blind"))


def downgrade() -> None:
    op.execute("drop view alert_standing")
    op.execute(STANDING.format(escalated="", not_blind=""))
    for index in ("blind", "read_again", "revision"):
        op.drop_index(f"ix_review_{index}", "review")
    op.drop_constraint(op.f("ck_review_decision"), "review")
    # The version before knows no notes by themselves; passed on without a change, they keep their words.
    op.execute("update review set decision = 'escalate' where decision = 'note'")
    op.create_check_constraint(op.f("ck_review_decision"), "review", f"decision in ({DECISIONS})")
