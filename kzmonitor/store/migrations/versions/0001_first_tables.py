"""First tables"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import postgresql
revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('account',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('pseudonym', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('password_hash', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('disabled_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("role in ('reader', 'reviewer', 'admin')", name=op.f('ck_account_role')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
    sa.UniqueConstraint('pseudonym', name=op.f('uq_account_pseudonym'))
    )
    op.create_table('campaign',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('pattern', sa.Text(), nullable=False),
    sa.Column('labels', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('first_seen', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_seen', sa.DateTime(timezone=True), nullable=False),
    sa.Column('incidents', postgresql.ARRAY(sa.Uuid()), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_campaign'))
    )
    op.create_table('host',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('next_at', sa.DateTime(timezone=True), nullable=False, comment='no request to this host starts before'),
    sa.Column('delay_s', sa.Double(), nullable=False, comment='smallest gap between two requests, seconds'),
    sa.Column('holder', sa.Text(), nullable=True),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('fails', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('robots', sa.Text(), nullable=True, comment='last good robots.txt; empty: there is none (404, 410)'),
    sa.Column('robots_at', sa.DateTime(timezone=True), nullable=True, comment='when `robots` was read'),
    sa.Column('robots_tried_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('robots_problem', sa.Text(), nullable=True, comment='why the last try gave no robots.txt'),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_host'))
    )
    op.create_table('incident',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('first_seen', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_seen', sa.DateTime(timezone=True), nullable=False),
    sa.Column('labels', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('severity', sa.SmallInteger(), nullable=False, comment='1 to 4'),
    sa.Column('place', sa.Text(), nullable=True),
    sa.Column('region', sa.Text(), nullable=True, comment='ISO 3166-2:KZ'),
    sa.Column('actors', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_incident'))
    )
    op.create_table('manifest',
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('root', sa.LargeBinary(), nullable=False),
    sa.Column('previous_root', sa.LargeBinary(), nullable=True),
    sa.Column('captures', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_manifest'))
    )
    op.create_table('model',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Text(), nullable=False),
    sa.Column('sha256', sa.LargeBinary(), nullable=False, comment='of `body`'),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False, comment='skops file'),
    sa.Column('trained_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('metrics', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('data_sha256', sa.LargeBinary(), nullable=False, comment='of the label set it was trained on'),
    sa.Column('taxonomy', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.CheckConstraint("state in ('candidate', 'champion', 'retired')", name=op.f('ck_model_state')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_model')),
    sa.UniqueConstraint('version', name=op.f('uq_model_version'))
    )
    op.create_index('uq_model_champion', 'model', ['state'], unique=True, postgresql_where=sa.text("state = 'champion'"))
    op.create_table('party',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('names', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('gazetteer', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_party'))
    )
    op.create_table('source',
    sa.Column('slug', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('tier', sa.SmallInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('languages', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('country', sa.Text(), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('slug', name=op.f('pk_source'))
    )
    op.create_table('subscriber',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('channel', sa.Text(), server_default='mail', nullable=False),
    sa.Column('mode', sa.Text(), server_default='daily', nullable=False),
    sa.Column('language', sa.Text(), nullable=False),
    sa.Column('labels', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False, comment='empty: all'),
    sa.Column('regions', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False, comment='empty: all'),
    sa.Column('min_severity', sa.SmallInteger(), server_default=sa.text('1'), nullable=False),
    sa.Column('hour', sa.SmallInteger(), server_default=sa.text('8'), nullable=False, comment='of the day in Almaty'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("channel in ('mail')", name=op.f('ck_subscriber_channel')),
    sa.CheckConstraint("mode in ('daily', 'weekly', 'immediate')", name=op.f('ck_subscriber_mode')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscriber')),
    sa.UniqueConstraint('address', 'channel', 'mode', name=op.f('uq_subscriber_address_channel_mode'))
    )
    op.create_table('alert',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('incident', sa.Uuid(), nullable=False),
    sa.Column('tier', sa.Text(), nullable=False),
    sa.Column('score', sa.Double(), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('assigned_to', sa.Uuid(), nullable=True),
    sa.CheckConstraint("tier in ('queue', 'mail')", name=op.f('ck_alert_tier')),
    sa.ForeignKeyConstraint(['assigned_to'], ['account.id'], name=op.f('fk_alert_assigned_to')),
    sa.ForeignKeyConstraint(['incident'], ['incident.id'], name=op.f('fk_alert_incident')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alert')),
    sa.UniqueConstraint('incident', name=op.f('uq_alert_incident'))
    )
    op.create_index(op.f('ix_alert_opened_at'), 'alert', ['opened_at'], unique=False)
    op.create_table('article',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False, comment="the outlet's own id (rferl:32868740), or the address"),
    sa.Column('canonical_url', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('first_seen', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('current_revision', sa.Uuid(), nullable=True),
    sa.ForeignKeyConstraint(['source'], ['source.slug'], name=op.f('fk_article_source')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_article')),
    sa.UniqueConstraint('key', name=op.f('uq_article_key'))
    )
    op.create_index(op.f('ix_article_current_revision'), 'article', ['current_revision'], unique=False)
    op.create_index(op.f('ix_article_source'), 'article', ['source'], unique=False)
    op.create_table('audit_log',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account', sa.Uuid(), nullable=True),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=True),
    sa.Column('before', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['account'], ['account.id'], name=op.f('fk_audit_log_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_log'))
    )
    op.create_table('capture',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('canonical_url', sa.Text(), nullable=False),
    sa.Column('route', sa.Text(), nullable=False),
    sa.Column('fetched_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('status', sa.SmallInteger(), nullable=False),
    sa.Column('headers', postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment='name to list of values; no Set-Cookie'),
    sa.Column('hops', postgresql.ARRAY(sa.Text()), nullable=False, comment='addresses that redirected here, in order'),
    sa.Column('body', sa.LargeBinary(), nullable=True, comment='zstd of the bytes as received'),
    sa.Column('sha256', sa.LargeBinary(), nullable=False, comment='of the bytes as received'),
    sa.Column('erased_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('erased_why', sa.Text(), nullable=True),
    sa.CheckConstraint("route in ('direct', 'feed', 'proxy', 'mirror', 'archive', 'import')", name=op.f('ck_capture_route')),
    sa.ForeignKeyConstraint(['source'], ['source.slug'], name=op.f('fk_capture_source')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_capture')),
    postgresql_partition_by='RANGE (id)'
    )
    op.create_index('ix_capture_canonical_url', 'capture', ['canonical_url'], unique=False)
    op.create_table('delivery',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('subscriber', sa.Uuid(), nullable=False),
    sa.Column('mode', sa.Text(), nullable=False),
    sa.Column('period_start', sa.DateTime(timezone=True), nullable=False),
    sa.Column('period_end', sa.DateTime(timezone=True), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('message_id', sa.Text(), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.CheckConstraint("state in ('waiting', 'sending', 'sent', 'unknown', 'refused')", name=op.f('ck_delivery_state')),
    sa.ForeignKeyConstraint(['subscriber'], ['subscriber.id'], name=op.f('fk_delivery_subscriber')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delivery')),
    sa.UniqueConstraint('message_id', name=op.f('uq_delivery_message_id')),
    sa.UniqueConstraint('subscriber', 'mode', 'period_end', 'channel', name=op.f('uq_delivery_subscriber_mode_period_end_channel'))
    )
    op.create_table('poll',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('started', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('etag', sa.Text(), nullable=True),
    sa.Column('last_modified', sa.Text(), nullable=True),
    sa.Column('items', sa.Integer(), nullable=True),
    sa.Column('new', sa.Integer(), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['source'], ['source.slug'], name=op.f('fk_poll_source')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_poll'))
    )
    op.create_index('ix_poll_source_url_started', 'poll', ['source', 'url', sa.literal_column('started desc')], unique=False)
    op.create_table('proceeding',
    sa.Column('incident', sa.Uuid(), nullable=False),
    sa.Column('party', sa.Uuid(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['incident'], ['incident.id'], name=op.f('fk_proceeding_incident')),
    sa.ForeignKeyConstraint(['party'], ['party.id'], name=op.f('fk_proceeding_party')),
    sa.PrimaryKeyConstraint('incident', 'party', name=op.f('pk_proceeding'))
    )
    op.create_table('session',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account', sa.Uuid(), nullable=False),
    sa.Column('token_sha256', sa.LargeBinary(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['account'], ['account.id'], name=op.f('fk_session_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_session')),
    sa.UniqueConstraint('token_sha256', name=op.f('uq_session_token_sha256'))
    )
    op.create_index(op.f('ix_session_account'), 'session', ['account'], unique=False)
    op.create_table('token',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account', sa.Uuid(), nullable=False),
    sa.Column('token_sha256', sa.LargeBinary(), nullable=False),
    sa.Column('scopes', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account'], ['account.id'], name=op.f('fk_token_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_token')),
    sa.UniqueConstraint('token_sha256', name=op.f('uq_token_token_sha256'))
    )
    op.create_index(op.f('ix_token_account'), 'token', ['account'], unique=False)
    op.create_table('alert_event',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('alert', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('proceeding', sa.Text(), nullable=True),
    sa.Column('from', sa.Text(), nullable=True),
    sa.Column('to', sa.Text(), nullable=True),
    sa.Column('article', sa.Uuid(), nullable=True),
    sa.Column('ready_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind in ('opened', 'renewed', 'corrected')", name=op.f('ck_alert_event_kind')),
    sa.ForeignKeyConstraint(['alert'], ['alert.id'], name=op.f('fk_alert_event_alert')),
    sa.ForeignKeyConstraint(['article'], ['article.id'], name=op.f('fk_alert_event_article')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alert_event'))
    )
    op.create_index(op.f('ix_alert_event_alert'), 'alert_event', ['alert'], unique=False)
    op.create_index(op.f('ix_alert_event_ready_at'), 'alert_event', ['ready_at'], unique=False)
    op.create_table('article_band',
    sa.Column('band', sa.SmallInteger(), nullable=False),
    sa.Column('hash', sa.BigInteger(), nullable=False),
    sa.Column('article', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['article'], ['article.id'], name=op.f('fk_article_band_article')),
    sa.PrimaryKeyConstraint('band', 'hash', 'article', name=op.f('pk_article_band'))
    )
    op.create_index(op.f('ix_article_band_article'), 'article_band', ['article'], unique=False)
    op.create_table('entry',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('canonical_url', sa.Text(), nullable=False),
    sa.Column('route', sa.Text(), nullable=False),
    sa.Column('found_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('title', sa.Text(), nullable=True),
    sa.Column('state', sa.Text(), server_default='found', nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('holder', sa.Integer(), nullable=True, comment='who leased it, see store.leases'),
    sa.Column('fence', sa.BigInteger(), server_default=sa.text('0'), nullable=False, comment='grows with each lease'),
    sa.Column('tries', sa.SmallInteger(), server_default=sa.text('0'), nullable=False),
    sa.Column('retry_at', sa.DateTime(timezone=True), nullable=True, comment='not before; empty: at once'),
    sa.Column('error', sa.Text(), nullable=True, comment='named state of the last failure'),
    sa.Column('capture_id', sa.Uuid(), nullable=True),
    sa.Column('cut_id', sa.Uuid(), nullable=True),
    sa.CheckConstraint("route in ('direct', 'feed', 'proxy', 'mirror', 'archive', 'import')", name=op.f('ck_entry_route')),
    sa.CheckConstraint("state in ('found', 'leased', 'fetched', 'failed', 'skipped')", name=op.f('ck_entry_state')),
    sa.ForeignKeyConstraint(['capture_id'], ['capture.id'], name=op.f('fk_entry_capture_id')),
    sa.ForeignKeyConstraint(['cut_id'], ['capture.id'], name=op.f('fk_entry_cut_id')),
    sa.ForeignKeyConstraint(['source'], ['source.slug'], name=op.f('fk_entry_source')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_entry')),
    sa.UniqueConstraint('canonical_url', name=op.f('uq_entry_canonical_url'))
    )
    op.create_index('ix_entry_uncut', 'entry', ['found_at'], unique=False, postgresql_where=sa.text('capture_id is distinct from cut_id'))
    op.create_index('ix_entry_waiting', 'entry', ['source', 'found_at'], unique=False, postgresql_where=sa.text("state in ('found', 'leased')"))
    op.create_table('incident_article',
    sa.Column('incident', sa.Uuid(), nullable=False),
    sa.Column('article', sa.Uuid(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('score', sa.Double(), nullable=False),
    sa.Column('by', sa.Text(), nullable=False, comment='grouping, or the account that merged'),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['article'], ['article.id'], name=op.f('fk_incident_article_article')),
    sa.ForeignKeyConstraint(['incident'], ['incident.id'], name=op.f('fk_incident_article_incident')),
    sa.PrimaryKeyConstraint('incident', 'article', name=op.f('pk_incident_article'))
    )
    op.create_index(op.f('ix_incident_article_article'), 'incident_article', ['article'], unique=False)
    op.create_table('revision',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('article', sa.Uuid(), nullable=False),
    sa.Column('capture', sa.Uuid(), nullable=False),
    sa.Column('text_sha256', sa.LargeBinary(), nullable=False, comment='of title, newline, text'),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('language', sa.Text(), nullable=False),
    sa.Column('script', sa.Text(), nullable=False),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('date_doubt', sa.Text(), nullable=True, comment='why the time may be wrong'),
    sa.Column('author', sa.Text(), nullable=True),
    sa.Column('cut_by', sa.Text(), nullable=False, comment='layout:n, trafilatura or feed'),
    sa.Column('search', postgresql.TSVECTOR(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("language in ('ru', 'kk', 'ky', 'en', 'other')", name=op.f('ck_revision_language')),
    sa.ForeignKeyConstraint(['article'], ['article.id'], name=op.f('fk_revision_article')),
    sa.ForeignKeyConstraint(['capture'], ['capture.id'], name=op.f('fk_revision_capture')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_revision')),
    sa.UniqueConstraint('article', 'text_sha256', name=op.f('uq_revision_article_text_sha256'))
    )
    op.create_index('ix_revision_search', 'revision', ['search'], unique=False, postgresql_using='gin')
    op.create_table('delivery_item',
    sa.Column('delivery', sa.Uuid(), nullable=False),
    sa.Column('alert_event', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['alert_event'], ['alert_event.id'], name=op.f('fk_delivery_item_alert_event')),
    sa.ForeignKeyConstraint(['delivery'], ['delivery.id'], name=op.f('fk_delivery_item_delivery')),
    sa.PrimaryKeyConstraint('delivery', 'alert_event', name=op.f('pk_delivery_item'))
    )
    op.create_index(op.f('ix_delivery_item_alert_event'), 'delivery_item', ['alert_event'], unique=False)
    op.create_table('prediction',
    sa.Column('revision', sa.Uuid(), nullable=False),
    sa.Column('model', sa.Uuid(), nullable=False),
    sa.Column('relevance', sa.Double(), nullable=False),
    sa.Column('probabilities', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('labels', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('tier', sa.Text(), nullable=True, comment='empty: not flagged'),
    sa.Column('reasons', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('fields', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("tier in ('queue', 'mail')", name=op.f('ck_prediction_tier')),
    sa.ForeignKeyConstraint(['model'], ['model.id'], name=op.f('fk_prediction_model')),
    sa.ForeignKeyConstraint(['revision'], ['revision.id'], name=op.f('fk_prediction_revision')),
    sa.PrimaryKeyConstraint('revision', 'model', name=op.f('pk_prediction')),
    postgresql_partition_by='RANGE (revision)'
    )
    op.create_index('ix_prediction_flagged', 'prediction', ['model', 'revision'], unique=False, postgresql_where=sa.text('tier is not null'))
    op.create_table('review',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account', sa.Uuid(), nullable=True),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=False),
    sa.Column('revision', sa.Uuid(), nullable=True),
    sa.Column('decision', sa.Text(), nullable=False),
    sa.Column('labels', postgresql.ARRAY(sa.Text()), nullable=True),
    sa.Column('fields', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('blind', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('seen_version', sa.Uuid(), nullable=True, comment='the latest review that the reviewer had before them'),
    sa.Column('undoes', sa.Uuid(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("decision in ('confirm', 'correct', 'reject', 'duplicate', 'merge', 'split', 'unsure', 'escalate', 'undo')", name=op.f('ck_review_decision')),
    sa.CheckConstraint("subject in ('alert', 'article')", name=op.f('ck_review_subject')),
    sa.ForeignKeyConstraint(['account'], ['account.id'], name=op.f('fk_review_account')),
    sa.ForeignKeyConstraint(['revision'], ['revision.id'], name=op.f('fk_review_revision')),
    sa.ForeignKeyConstraint(['undoes'], ['review.id'], name=op.f('fk_review_undoes')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_review')),
    sa.UniqueConstraint('undoes', name=op.f('uq_review_undoes'))
    )
    op.create_index('ix_review_subject', 'review', ['subject', 'subject_id', 'id'], unique=False)
    op.create_table('pair_label',
    sa.Column('first', sa.Uuid(), nullable=False),
    sa.Column('second', sa.Uuid(), nullable=False),
    sa.Column('same', sa.Boolean(), nullable=False),
    sa.Column('review', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['first'], ['article.id'], name=op.f('fk_pair_label_first')),
    sa.ForeignKeyConstraint(['review'], ['review.id'], name=op.f('fk_pair_label_review')),
    sa.ForeignKeyConstraint(['second'], ['article.id'], name=op.f('fk_pair_label_second')),
    sa.PrimaryKeyConstraint('first', 'second', name=op.f('pk_pair_label'))
    )
    op.create_foreign_key('fk_article_current_revision', 'article', 'revision', ['current_revision'], ['id'])
    for table in ('capture', 'prediction'):
        op.execute(f'create table {table}_default partition of {table} default')



def downgrade() -> None:
    op.drop_constraint('fk_article_current_revision', 'article')
    op.drop_table('pair_label')
    op.drop_index('ix_review_subject', table_name='review')
    op.drop_table('review')
    op.drop_index('ix_prediction_flagged', table_name='prediction', postgresql_where=sa.text('tier is not null'))
    op.drop_table('prediction')
    op.drop_index(op.f('ix_delivery_item_alert_event'), table_name='delivery_item')
    op.drop_table('delivery_item')
    op.drop_index('ix_revision_search', table_name='revision', postgresql_using='gin')
    op.drop_table('revision')
    op.drop_index(op.f('ix_incident_article_article'), table_name='incident_article')
    op.drop_table('incident_article')
    op.drop_index('ix_entry_waiting', table_name='entry', postgresql_where=sa.text("state in ('found', 'leased')"))
    op.drop_index('ix_entry_uncut', table_name='entry', postgresql_where=sa.text('capture_id is distinct from cut_id'))
    op.drop_table('entry')
    op.drop_index(op.f('ix_article_band_article'), table_name='article_band')
    op.drop_table('article_band')
    op.drop_index(op.f('ix_alert_event_ready_at'), table_name='alert_event')
    op.drop_index(op.f('ix_alert_event_alert'), table_name='alert_event')
    op.drop_table('alert_event')
    op.drop_index(op.f('ix_token_account'), table_name='token')
    op.drop_table('token')
    op.drop_index(op.f('ix_session_account'), table_name='session')
    op.drop_table('session')
    op.drop_table('proceeding')
    op.drop_index('ix_poll_source_url_started', table_name='poll')
    op.drop_table('poll')
    op.drop_table('delivery')
    op.drop_index('ix_capture_canonical_url', table_name='capture')
    op.drop_table('capture')
    op.drop_table('audit_log')
    op.drop_index(op.f('ix_article_source'), table_name='article')
    op.drop_index(op.f('ix_article_current_revision'), table_name='article')
    op.drop_table('article')
    op.drop_index(op.f('ix_alert_opened_at'), table_name='alert')
    op.drop_table('alert')
    op.drop_table('subscriber')
    op.drop_table('source')
    op.drop_table('party')
    op.drop_index('uq_model_champion', table_name='model', postgresql_where=sa.text("state = 'champion'"))
    op.drop_table('model')
    op.drop_table('manifest')
    op.drop_table('incident')
    op.drop_table('host')
    op.drop_table('campaign')
    op.drop_table('account')
