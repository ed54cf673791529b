"""Commands: the group db."""

import typer

from kzmonitor import config
from kzmonitor.cli import shell
from kzmonitor.errors import SetupError
from kzmonitor.i18n import _
from kzmonitor.store import embedded, partitions, schema
from kzmonitor.store import roles as granting

db = typer.Typer(no_args_is_help=True, help=_("The database."))


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(db, name="db")


@db.command(
    help=_("Bring the schema to this version and make the coming months' partitions. Safe to repeat."),
    epilog=_("Example: kzmonitor db upgrade"),
)
def upgrade() -> None:
    with shell.database(migrate=False) as database:
        schema.upgrade(database.engine)
        with database.session() as session:
            made = partitions.ensure(session, shell.now())
    shell.say(_("the schema is at {head}; new partitions: {made}").format(head=schema.head(), made=made))


@db.command(help=_("Where the database is and at which schema."), epilog=_("Example: kzmonitor db status"))
def status() -> None:
    with shell.database(migrate=False) as database:
        shell.show(
            [_("database"), _("schema"), _("needed")],
            [[database.url.render_as_string(hide_password=True), schema.standing(database.engine), schema.head()]],
        )


@db.command(
    help=_("Print the SQL of roles with least rights, for the owner of a database by URL; --apply runs it."),
    epilog=_("Example: kzmonitor db roles | psql --single-transaction postgresql://owner@db.example/kzmonitor"),
)
def roles(
    apply: bool = typer.Option(False, "--apply", help=_("Run it, as the user of KZMONITOR_DATABASE_URL.")),
) -> None:
    if apply and config.settings().database_url is None:
        raise SetupError(_("the embedded database has one user, who is yours: roles are for a database by URL"))
    with shell.database() as database, database.session() as session:
        connection = session.connection()
        if apply:
            shell.say(_("statements that were run: {n}").format(n=granting.apply(connection)))
            return
        for statement in granting.statements(connection):
            shell.say_raw(f"{statement};")


@db.command(help=_("Stop the embedded server, whoever uses it."), epilog=_("Example: kzmonitor db stop"))
def stop() -> None:
    settings = config.settings()
    if settings.database_url is not None:
        shell.say(_("the database is not the embedded one: nothing to stop"))
    elif embedded.stop(settings.data):
        shell.say(_("stopped"))
    else:
        shell.say(_("it was not running"))
