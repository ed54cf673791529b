"""View of where an alert stands: the latest decision that was not undone, else the model's word."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

VIEW = """
create view alert_standing as
select
    alert.id as alert,
    case decided.decision
        when 'confirm' then 'confirmed'
        when 'correct' then 'confirmed'
        when 'reject' then 'rejected'
        when 'duplicate' then 'duplicate'
        when 'merge' then 'duplicate'
        else 'open'
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
      and review.subject_id = alert.id
      and review.decision not in ('undo', 'unsure', 'escalate', 'split')
      and not exists (select from review as undo where undo.undoes = review.id)
    order by review.id desc
    limit 1
) as decided on true
"""


def upgrade() -> None:
    op.execute(VIEW)


def downgrade() -> None:
    op.execute("drop view alert_standing")
