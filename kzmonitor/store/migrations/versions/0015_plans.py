"""Indexes for every query of the running product; months are made by whoever may store"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# name, table, column, where
INDEXES = (
    ("ix_incident_opened_by", "incident", "opened_by", None),
    ("ix_article_clue_revision", "article_clue", "revision", None),
    ("ix_watch_good_capture", "watch", "good_capture", None),
    ("ix_page_event_created_at", "page_event", "created_at", None),
    ("ix_page_event_before_capture", "page_event", "before_capture", "before_capture is not null"),
    ("ix_page_event_after_capture", "page_event", "after_capture", "after_capture is not null"),
)

# The one thing that workers make that is no row. With `kzmonitor db roles` it has the rights of its owner, so nothing
# that it is given becomes part of a statement but names of these two tables and of months.
MAKE_MONTH = """
create function make_month(parent text, month date) returns boolean language plpgsql as $$
declare
    part text := parent || to_char(month, '_YYYY_MM');
    key text := case parent when 'capture' then 'id' when 'prediction' then 'revision' end;
    first_id uuid := (lpad(to_hex((extract(epoch from month) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;
    end_id uuid := (
        lpad(to_hex((extract(epoch from (month + interval '1 month')::date) * 1000)::bigint), 12, '0') || repeat('0', 20)
    )::uuid;
    held boolean;
begin
    if key is null or extract(day from month) <> 1 or extract(year from month) not between 1990 and 2100 then
        raise exception 'no month of captures or predictions: % %', parent, month;
    end if;
    -- Two that make the same one wait for each other.
    perform pg_advisory_xact_lock(hashtext(part));
    if to_regclass('public.' || part) is not null then
        return false;
    end if;
    -- What lies in the default part stays there: moving it would lock the table.
    execute format('select exists (select from public.%I where %I >= $1 and %I < $2)', parent || '_default', key, key)
        into held using first_id, end_id;
    if held then
        return false;
    end if;
    execute format(
        'create table public.%I partition of public.%I for values from (%L) to (%L)', part, parent, first_id, end_id
    );
    return true;
end
$$
"""


def upgrade() -> None:
    for name, table, column, where in INDEXES:
        op.create_index(name, table, [column], postgresql_where=sa.text(where) if where else None)
    op.execute(MAKE_MONTH)


def downgrade() -> None:
    op.execute("drop function make_month(text, date)")
    for name, table, *_ in reversed(INDEXES):
        op.drop_index(name, table_name=table)
