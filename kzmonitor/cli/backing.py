"""Commands: backup, restore."""

from pathlib import Path
from typing import Annotated

import typer

from kzmonitor import config, logs
from kzmonitor.cli import shell
from kzmonitor.cli.verifying import line_of
from kzmonitor.errors import InputError
from kzmonitor.evidence.verification import Verified, verify
from kzmonitor.files import private_folder
from kzmonitor.i18n import _, ngettext
from kzmonitor.store import backup, restore, sealed

PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help=_("A file whose first line is the passphrase."), exists=True),
]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(
        "backup",
        help=_("Write the whole database to one file, as one moment has it; work may go on meanwhile."),
        epilog=_("Example: kzmonitor backup --out /media/usb/kzmonitor.backup --encrypt-to desk.asc"),
    )(back_up)
    app.command(
        "restore",
        help=_("Fill an empty database from a backup and compare every table and daily root; all of it, or nothing."),
        epilog=_("Example: KZMONITOR_DATA=/srv/new kzmonitor restore /media/usb/kzmonitor.backup --key secret.asc"),
    )(bring_back)


def back_up(
    out: Annotated[Path, typer.Option("--out", help=_("The file to write."))],
    encrypt_to: Annotated[
        Path | None, typer.Option("--encrypt-to", help=_("A file with an OpenPGP public key."), exists=True)
    ] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    key = sealed.recipient(encrypt_to) if encrypt_to else None
    passphrase = _passphrase(passphrase_file)
    if out.is_dir():
        raise InputError(_("{path} is a folder; name a file in it").format(path=out))
    with shell.database() as database:
        if key is None and passphrase is None:
            written = backup.write(database, out, shell.now())
            shell.complain(_("the file is not encrypted: it says who watches and what was found; see --encrypt-to"))
        else:
            # Beside the database, which holds the same: the disk of `out` never sees it unsealed.
            with private_folder(config.settings().data, "backup") as private:
                plain = private / "plain"
                written = backup.write(database, plain, shell.now())
                sealed.seal(plain, out, key, passphrase)
    logs.event("backed-up", tables=written.tables, rows=written.rows)
    shell.say(
        _("{path}: tables: {tables}; rows: {rows}; daily roots: {roots}").format(
            path=out, tables=written.tables, rows=written.rows, roots=written.roots
        )
    )


def bring_back(
    file: Annotated[Path, typer.Argument(help=_("A file that kzmonitor backup wrote."), exists=True, dir_okay=False)],
    key: Annotated[
        Path | None, typer.Option("--key", help=_("A file with the OpenPGP secret key."), exists=True)
    ] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    passphrase = _passphrase(passphrase_file)
    if not sealed.is_sealed(file):
        _bring_back(file)
        return
    if key is None and passphrase is None:
        raise InputError(_("{path} is sealed; give --key or --passphrase-file").format(path=file))
    with sealed.opened(file, config.settings().data, key, passphrase) as plain:
        _bring_back(plain)


def _bring_back(path: Path) -> None:
    manifest = restore.read_manifest(path)
    with shell.database(migrate=False) as database:
        agreed: list[str] = []
        with database.session() as session:
            restore.load(session.connection(), path, manifest, agreed.append)
            done = verify(session)
        with database.engine.connect() as connection, connection.begin():
            restore.analyze(connection)
    logs.event("restored", tables=len(agreed), problems=len(done.problems))
    for table in agreed:
        note = manifest.tables[table]
        shell.say(_("{table}: rows: {rows}, as backed up").format(table=table, rows=note.rows))
    _tell_evidence(done)
    if done.problems:
        raise typer.Exit(1)


def _tell_evidence(done: Verified) -> None:
    for day in done.days:
        shell.say(_("manifest of {day}: captures: {captures}, checked").format(day=day.day, captures=day.captures))
    for problem in done.problems:
        shell.say(line_of(problem))
    count = len(done.problems)
    shell.say(
        ngettext(
            "restored as it was backed up; {n} thing did not match its manifest even then",
            "restored as it was backed up; {n} things did not match their manifests even then",
            count,
        ).format(n=count)
        if count
        else _("restored: every table is as it was backed up, and everything matches its manifest")
    )


def _passphrase(file: Path | None) -> str | None:
    if file is None:
        return None
    lines = file.read_text("utf-8").splitlines()
    if not lines or not lines[0].strip():
        raise InputError(_("{path}: the first line holds no passphrase").format(path=file))
    return lines[0]
