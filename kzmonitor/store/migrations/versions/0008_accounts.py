"""Accounts: second factors, sign-ins that failed, one-time links"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
NOW = sa.text("now()")


def upgrade() -> None:
    for column in _of_account():
        op.add_column("account", column)
    op.create_unique_constraint(op.f("uq_account_oidc_issuer_oidc_subject"), "account", ["oidc_issuer", "oidc_subject"])
    # Logins of before hold no time of use; nobody had one, and whoever has logs in again.
    op.execute("delete from session")
    for column in _of_session():
        op.add_column("session", column)
    op.create_check_constraint(op.f("ck_session_way"), "session", "way in ('password', 'token', 'oidc')")
    op.alter_column("session", "expires_at", comment="ends then, however much it is used")
    for column in _of_token():
        op.add_column("token", column)
    op.alter_column("token", "name", server_default=None)
    op.create_index(op.f("ix_audit_log_subject_subject_id"), "audit_log", ["subject", "subject_id"], unique=False)
    _new_tables()


def _of_account() -> list[sa.Column]:
    return [
        sa.Column("oidc_issuer", sa.Text()),
        sa.Column("oidc_subject", sa.Text()),
        sa.Column("totp_secret", sa.LargeBinary(), comment="encrypted, see accounts.second_factor"),
        sa.Column("totp_since", TIME, comment="empty: not asked for yet"),
        sa.Column("totp_step", sa.BigInteger(), comment="of the last code that was used; none may be used twice"),
    ]


def _of_session() -> list[sa.Column]:
    return [
        sa.Column("seen_at", TIME, nullable=False, comment="to the minute"),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("browser", sa.Text(), nullable=False, comment="its name and system, no address"),
        sa.Column("waits_for_code", sa.Boolean(), nullable=False),
    ]


def _of_token() -> list[sa.Column]:
    return [
        sa.Column("name", sa.Text(), server_default="", nullable=False, comment="what it is for, in its holder's words"),
        sa.Column("expires_at", TIME),
        sa.Column("used_at", TIME, comment="to the hour"),
    ]


def _account(**more: object) -> sa.Column:
    return sa.Column("account", sa.Uuid(), nullable=False, **more)


def _new_tables() -> None:
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        _account(),
        sa.Column("code_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", TIME),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name=op.f("fk_recovery_code_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint("account", "code_sha256", name=op.f("uq_recovery_code_account_code_sha256")),
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        _account(),
        sa.Column("code_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name=op.f("fk_invitation_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("code_sha256", name=op.f("uq_invitation_code_sha256")),
    )
    op.create_index(op.f("ix_invitation_account"), "invitation", ["account"], unique=False)
    op.create_table(
        "login_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False, comment="keyed hash of what was tried to be opened"),
        sa.Column("client", sa.LargeBinary(), nullable=False, comment="keyed hash of where it was tried from"),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_attempt")),
    )
    for column in ("subject", "client"):
        op.create_index(op.f(f"ix_login_attempt_{column}_created_at"), "login_attempt", [column, "created_at"])
    op.create_index(op.f("ix_login_attempt_created_at"), "login_attempt", ["created_at"])
    op.create_table(
        "oidc_login",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("verifier", sa.Text(), nullable=False, comment="of PKCE, RFC 7636"),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("invitation", sa.Uuid(), comment="which the login will use up"),
        sa.Column("expires_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["invitation"], ["invitation.id"], name=op.f("fk_oidc_login_invitation"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oidc_login")),
        sa.UniqueConstraint("state_sha256", name=op.f("uq_oidc_login_state_sha256")),
    )


def downgrade() -> None:
    for table in ("oidc_login", "login_attempt", "invitation", "recovery_code"):
        op.drop_table(table)
    op.drop_index(op.f("ix_audit_log_subject_subject_id"), table_name="audit_log")
    for column in _of_token():
        op.drop_column("token", column.name)
    op.alter_column("session", "expires_at", comment=None)
    op.drop_constraint(op.f("ck_session_way"), "session", type_="check")
    for column in _of_session():
        op.drop_column("session", column.name)
    op.drop_constraint(op.f("uq_account_oidc_issuer_oidc_subject"), "account", type_="unique")
    for column in _of_account():
        op.drop_column("account", column.name)
