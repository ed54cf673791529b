"""Command: review."""

import os
import secrets
import socket
from typing import Annotated

import typer

from kzmonitor import config
from kzmonitor.cli import shell
from kzmonitor.errors import SetupError
from kzmonitor.i18n import _

# How `kzmonitor run` hands its token to the app it starts: an argument would stand in the list of processes.
TOKEN_VARIABLE = "KZMONITOR_REVIEW_TOKEN"  # noqa: S105 - the name of a variable, not a token


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command(
        "review",
        help=_("Serve the review app on this machine only; the address with its login token is printed."),
        epilog=_("Example: kzmonitor review --port 8000"),
    )(serve)


def serve(
    port: Annotated[int, typer.Option(min=1, max=65_535, help=_("Port on 127.0.0.1."))] = 8000,
) -> None:
    from kzmonitor import review

    token = os.environ.get(TOKEN_VARIABLE) or secrets.token_urlsafe(24)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SetupError(_("port {port} is taken; choose another with --port").format(port=port)) from error
    with shell.database() as database:
        shell.say(_("review: {address}").format(address=f"http://127.0.0.1:{port}/?token={token}"))
        review.serve(database, config.settings(), host="127.0.0.1", port=port, token=token)
