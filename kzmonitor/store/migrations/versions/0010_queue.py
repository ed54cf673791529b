"""The queue: standing of alerts, saved views"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

WORDS = postgresql.ARRAY(sa.Text())
TIME = sa.DateTime(timezone=True)

# What 0009 says, asked so that the index of reviews answers it: an alert's own decisions, and those on the alerts whose
# incidents were merged into its incident.
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
    decided.created_at as decided_at,
    exists (
        select from review
        where review.subject = 'alert' and review.subject_id = alert.id and review.decision = 'escalate'
          and (decided.id is null or review.id > decided.id)
          and not exists (select from review as undo where undo.undoes = review.id)
    ) as escalated
from alert
join incident on incident.id = alert.incident
left join lateral (
    select heard.id, heard.decision, heard.labels, heard.created_at
    from (
        select own.id, own.decision, own.labels, own.created_at
        from review as own
        where own.subject = 'alert' and own.subject_id = alert.id and not own.blind
          and own.decision in ('confirm', 'correct', 'reject', 'duplicate')
        union all
        select other.id, other.decision, other.labels, other.created_at
        from incident as gone
        join alert as merged on merged.incident = gone.id
        join review as other on other.subject = 'alert' and other.subject_id = merged.id
        where gone.redirect_to = incident.id and not other.blind and other.decision in ('confirm', 'correct')
    ) as heard
    where not exists (select from review as undo where undo.undoes = heard.id)
    order by heard.id desc
    limit 1
) as decided on true
"""

# The alerts are locked before anything is read: of two transactions that change one alert in different ways the
# second then sees what the first wrote, and the row says both.
REFRESH = """
create function refresh_alert_rank(wanted uuid[]) returns void language plpgsql as $$
begin
    if coalesce(cardinality(wanted), 0) = 0 then
        return;
    end if;
    -- What was decided on an alert whose incident was merged into another may speak for that one.
    wanted := wanted || array(
        select target.id from alert
        join incident on incident.id = alert.incident
        join alert as target on target.incident = incident.redirect_to
        where alert.id in (select unnest(wanted))
    );
    wanted := array(select distinct unnest(wanted));
    perform from alert where id in (select unnest(wanted)) order by id for no key update;
    delete from alert_rank using alert, incident
    where alert_rank.alert in (select unnest(wanted)) and alert.id = alert_rank.alert
      and incident.id = alert.incident and incident.redirect_to is not null;
    insert into alert_rank as known (
        alert, status, labels, severity, certainty, score, opened_at, region, sources, languages, assigned_to,
        escalated
    )
    select
        alert.id, standing.status, standing.labels, incident.severity,
        least(floor(abs(alert.score - 0.5) * 10), 4), alert.score, alert.opened_at, incident.region,
        coalesce(told.sources, '{}'), coalesce(told.languages, '{}'), alert.assigned_to,
        standing.escalated
    from alert
    join incident on incident.id = alert.incident
    join alert_standing as standing on standing.alert = alert.id
    left join lateral (
        select array_agg(distinct article.source) as sources, array_agg(distinct revision.language) as languages
        from incident_article
        join article on article.id = incident_article.article
        join revision on revision.id = article.current_revision
        where incident_article.incident = incident.id
    ) as told on true
    where alert.id in (select unnest(wanted)) and incident.redirect_to is null
    on conflict (alert) do update set
        status = excluded.status, labels = excluded.labels, severity = excluded.severity,
        certainty = excluded.certainty, score = excluded.score, opened_at = excluded.opened_at,
        region = excluded.region, sources = excluded.sources, languages = excluded.languages,
        assigned_to = excluded.assigned_to, escalated = excluded.escalated
    where (known.*) is distinct from (excluded.*);
end
$$
"""

# Table, what was done to it, and the alerts whose row that may change.
CHANGES = (
    ("alert", "insert", "select id from after"),
    (
        "alert",
        "update",
        """select after.id from after join before using (id)
        where (after.incident, after.score, after.opened_at, after.assigned_to)
            is distinct from (before.incident, before.score, before.opened_at, before.assigned_to)""",
    ),
    (
        "incident",
        "update",
        """select alert.id from alert join after on after.id = alert.incident join before on before.id = after.id
        where (after.severity, after.labels, after.region, after.redirect_to)
            is distinct from (before.severity, before.labels, before.region, before.redirect_to)
        union
        select alert.id from after join before using (id)
        join alert on alert.incident in (after.redirect_to, before.redirect_to)
        where after.redirect_to is distinct from before.redirect_to""",
    ),
    ("review", "insert", "select distinct subject_id from after where subject = 'alert'"),
    ("review", "update", "select distinct subject_id from after where subject = 'alert'"),
    ("review", "delete", "select distinct subject_id from before where subject = 'alert'"),
    ("incident_article", "insert", "select distinct alert.id from alert join after using (incident)"),
    ("incident_article", "delete", "select distinct alert.id from alert join before using (incident)"),
    (
        "article",
        "update",
        """select distinct alert.id from after join before using (id)
        join incident_article on incident_article.article = after.id
        join alert on alert.incident = incident_article.incident
        where (after.current_revision, after.source) is distinct from (before.current_revision, before.source)""",
    ),
)
PARTY_WORDS = "string_to_array(split_part(key, ':', 2), ' ')"
SEEN = {
    "insert": "new table as after",
    "update": "old table as before new table as after",
    "delete": "old table as before",
}


def standing_before() -> str:
    """The view as 0009 made it."""
    from importlib import import_module

    before = import_module("kzmonitor.store.migrations.versions.0009_readings")
    return before.STANDING.format(escalated=before.ESCALATED, not_blind=" and not review.blind")


def upgrade() -> None:
    op.execute("drop view alert_standing")
    op.execute(STANDING)
    op.create_table(
        "alert_rank",
        sa.Column("alert", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, comment="as alert_standing says"),
        sa.Column("labels", WORDS, nullable=False, comment="as alert_standing says"),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column(
            "certainty",
            sa.SmallInteger(),
            nullable=False,
            comment="how far the score is from one half, in tenths: 0 (a toss-up) to 4",
        ),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("sources", WORDS, nullable=False, comment="slugs of the articles' sources, each once"),
        sa.Column("languages", WORDS, nullable=False, comment="of the articles' current texts, each once"),
        sa.Column("assigned_to", sa.Uuid(), nullable=True),
        sa.Column("escalated", sa.Boolean(), nullable=False, comment="as alert_standing says"),
        sa.ForeignKeyConstraint(["alert"], ["alert.id"], name=op.f("fk_alert_rank_alert"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("alert", name=op.f("pk_alert_rank")),
    )
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False, comment="the address of the list, without a page"),
        sa.Column("created_at", TIME, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name=op.f("fk_saved_view_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("account", "name", name=op.f("uq_saved_view_account_name")),
    )
    op.execute(REFRESH)
    op.execute("select refresh_alert_rank(array(select id from alert))")
    minus_severity, minus_score = sa.text("(- severity)"), sa.text("(- score)")
    op.create_index(
        "ix_alert_rank_gravest", "alert_rank", ["status", minus_severity, "certainty", "opened_at", "alert"]
    )
    op.create_index("ix_alert_rank_all", "alert_rank", [minus_severity, "certainty", "opened_at", "alert"])
    op.create_index(
        "ix_alert_rank_doubtful", "alert_rank", ["status", "certainty", minus_severity, "opened_at", "alert"]
    )
    op.create_index("ix_alert_rank_surest", "alert_rank", ["status", minus_score, "opened_at", "alert"])
    op.create_index("ix_alert_rank_oldest", "alert_rank", ["status", "opened_at", "alert"])
    op.create_index(
        "ix_alert_rank_words", "alert_rank", ["labels", "sources", "languages"], postgresql_using="gin"
    )
    op.create_index(
        "ix_alert_rank_assigned", "alert_rank", ["assigned_to"], postgresql_where=sa.text("assigned_to is not null")
    )
    op.create_index("ix_alert_rank_escalated", "alert_rank", ["alert"], postgresql_where=sa.text("escalated"))
    # Similar incidents, and the alerts of a party, by the words of its key.
    op.create_index("ix_party_words", "party", [sa.text(PARTY_WORDS)], postgresql_using="gin")
    op.create_index("ix_proceeding_party", "proceeding", ["party"])
    op.create_index("ix_incident_region_last_seen", "incident", ["region", "last_seen"])
    for table, done, question in CHANGES:
        name = f"alert_rank_after_{table}_{done}"
        op.execute(
            f"create function {name}() returns trigger language plpgsql as $$\n"
            f"begin\n    perform refresh_alert_rank(array({question}));\n    return null;\nend\n$$"
        )
        op.execute(
            f"create trigger {name} after {done} on {table} referencing {SEEN[done]} "
            f"for each statement execute function {name}()"
        )


def downgrade() -> None:
    for table, done, _ in CHANGES:
        op.execute(f"drop trigger alert_rank_after_{table}_{done} on {table}")
        op.execute(f"drop function alert_rank_after_{table}_{done}()")
    op.execute("drop function refresh_alert_rank(uuid[])")
    op.drop_index("ix_incident_region_last_seen", table_name="incident")
    op.drop_index("ix_party_words", table_name="party")
    op.drop_index("ix_proceeding_party", table_name="proceeding")
    op.drop_table("saved_view")
    op.drop_table("alert_rank")
    op.execute("drop view alert_standing")
    op.execute(standing_before())
