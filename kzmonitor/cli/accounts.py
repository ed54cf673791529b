"""Commands: the group account."""

import getpass
import sys
from typing import Annotated

import typer

from kzmonitor.accounts import invitations, people
from kzmonitor.accounts.roles import ROLES
from kzmonitor.cli import shell
from kzmonitor.errors import InputError
from kzmonitor.i18n import _

account = typer.Typer(no_args_is_help=True, help=_("Who may use the review app, under which pseudonym."))

Name = Annotated[str, typer.Argument(metavar="NAME", help=_("The pseudonym; never a real name."))]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(account, name="account")


@account.command(
    help=_("Add an account. The password is asked for twice, or read from standard input."),
    epilog=_("Example: kzmonitor account add asel --role admin"),
)
def add(
    name: Name,
    role: Annotated[str, typer.Option(help=_("reader, reviewer or admin."))] = "reader",
    invite: Annotated[
        bool, typer.Option("--invite", help=_("Ask for no password: print a code that its owner uses once."))
    ] = False,
) -> None:
    if role not in ROLES:
        raise InputError(_("{role} is not a role; roles are {roles}").format(role=role, roles=", ".join(ROLES)))
    with shell.database() as database:
        if not invite:
            with database.session() as session:
                if people.find(session, name) is not None:
                    raise InputError(_("{pseudonym} is taken; choose another pseudonym").format(pseudonym=name))
        password = None if invite else asked_password()
        with database.session() as session:
            made = people.add(session, name, role, password=password, by=None, now=shell.now())
            code = invitations.invite(session, made, by=None, now=shell.now()) if invite else None
    shell.say(_("{pseudonym} ({role}) may log in").format(pseudonym=made.pseudonym, role=role))
    if code is not None:
        _say_invitation(code)


@account.command("list", help=_("All accounts."), epilog=_("Example: kzmonitor account list --json"))
def list_accounts(as_json: Annotated[bool, typer.Option("--json", help=_("For programs."))] = False) -> None:
    with shell.database() as database, database.session() as session:
        listed = people.listed(session)
    if as_json:
        shell.show_json(
            [
                {
                    "pseudonym": person.pseudonym,
                    "role": person.role,
                    "password": person.has_password,
                    "second_factor": person.has_second_factor,
                    "single_sign_on": person.has_single_sign_on,
                    "disabled": person.disabled_at is not None,
                }
                for person in listed
            ]
        )
        return
    ways = [
        ", ".join(
            word
            for word, has in (
                (_("password"), person.has_password),
                (_("second factor"), person.has_second_factor),
                (_("single sign-on"), person.has_single_sign_on),
                (_("invited"), person.is_invited),
                (_("disabled"), person.disabled_at is not None),
            )
            if has
        )
        for person in listed
    ]
    rows = [[person.pseudonym, person.role, way] for person, way in zip(listed, ways, strict=True)]
    shell.show([_("pseudonym"), _("role"), _("ways in")], rows)


@account.command(
    help=_("Put a person out at once: logins and tokens work no more. Nothing of their work is lost."),
    epilog=_("Example: kzmonitor account disable asel"),
)
def disable(name: Name) -> None:
    with shell.database() as database, database.session() as session:
        people.disable(session, people.named(session, name), by=None, now=shell.now())
    shell.say(_("{pseudonym} is disabled").format(pseudonym=name))


@account.command(help=_("Let a disabled person in again."), epilog=_("Example: kzmonitor account enable asel"))
def enable(name: Name) -> None:
    with shell.database() as database, database.session() as session:
        people.enable(session, people.named(session, name), by=None, now=shell.now())
    shell.say(_("{pseudonym} may log in").format(pseudonym=name))


@account.command(
    help=_("Set a new password, asked for twice or read from standard input; it ends all logins of the account."),
    epilog=_("Example: kzmonitor account reset asel --second-factor"),
)
def reset(
    name: Name,
    second_factor: Annotated[
        bool, typer.Option("--second-factor", help=_("Also remove the second factor, when the telephone is lost."))
    ] = False,
    invite: Annotated[
        bool, typer.Option("--invite", help=_("Ask for no password: print a code that its owner uses once."))
    ] = False,
) -> None:
    with shell.database() as database:
        with database.session() as session:
            people.named(session, name)
        password = None if invite else asked_password()
        with database.session() as session:
            found = people.named(session, name)
            if password is not None:
                people.set_password(session, found, password, by=None, now=shell.now())
            if second_factor:
                people.forget_second_factor(session, found, by=None, now=shell.now())
            code = invitations.invite(session, found, by=None, now=shell.now()) if invite else None
    if code is not None:
        _say_invitation(code)
    else:
        shell.say(_("{pseudonym} has a new password; all logins of before have ended").format(pseudonym=name))


def asked_password() -> str:
    """A password, typed twice unseen on a terminal, else the first line of standard input. InputError when the two
    differ or there is none; it is never an argument, which the list of processes would show."""
    if not sys.stdin.isatty():
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise InputError(_("no password on standard input; write one line to it, or use a terminal"))
        return password
    password = getpass.getpass(_("Password:") + " ")
    if getpass.getpass(_("Once more:") + " ") != password:
        raise InputError(_("the two passwords differ"))
    return password


def _say_invitation(code: str) -> None:
    shell.say(
        _("invitation, good once and for {hours} hours: {path} at the address of the review app").format(
            hours=int(invitations.LASTS.total_seconds() // 3600), path=f"/invitation?code={code}"
        )
    )
