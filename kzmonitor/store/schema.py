"""The schema: where a database stands, and its way to the newest migration and back."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from kzmonitor.errors import SetupError
from kzmonitor.i18n import _

MIGRATIONS = Path(__file__).parent / "migrations"
# Any number will do as long as nothing else locks it; upgrades of one database wait for each other.
UPGRADE_LOCK = 0x6B7A6D6F6E


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's settings for our migrations, bound to an open connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The revision that this code was written for."""
    newest = ScriptDirectory.from_config(configuration()).get_current_head()
    assert newest is not None, "there is at least one migration"
    return newest


def standing(engine: Engine) -> str | None:
    """The revision the database stands at; None when it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: Engine, target: str = "head") -> None:
    """Bring the database to `target`; two at once wait for each other, a failed one leaves nothing.

    A database that a newer version has upgraded is left alone."""
    if target == "head" and standing(engine) == head():
        return
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
        if _is_newer(MigrationContext.configure(connection).get_current_revision()):
            return
        command.upgrade(configuration(connection), target)


def downgrade(engine: Engine, target: str) -> None:
    """Bring the database back to `target` (`base` is empty)."""
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
        command.downgrade(configuration(connection), target)


def require_current(engine: Engine) -> None:
    """Raises SetupError when the schema is behind this code. Code also runs on the schema after its own."""
    now = standing(engine)
    if now != head() and not _is_newer(now):
        raise SetupError(
            _("the database schema is at {now}, this version needs {head}; run: kzmonitor db upgrade").format(
                now=now or _("nothing"), head=head()
            )
        )


def knows(revision: str) -> bool:
    """Whether `revision` is one of this code's migrations."""
    return revision in {script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()}


def _is_newer(revision: str | None) -> bool:
    return revision is not None and not knows(revision)
