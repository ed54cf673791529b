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

LOCAL = ("127.0.0.1", "::1", "localhost")
# How `kzmonitor run` hands its token to the app it starts: an argument would stand in the list of processes.
TOKEN_VARIABLE = "KZMONITOR_REVIEW_TOKEN"  # noqa: S105 - the name of a variable, not a token


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command(
        "review",
        help=_("Serve the review app. On this machine the address with the login token of this start is printed."),
        epilog=_("Example: kzmonitor review --port 8000"),
    )(serve)


def serve(
    port: Annotated[int, typer.Option(min=1, max=65_535, help=_("Port to listen on."))] = 8000,
    host: Annotated[
        str,
        typer.Option(help=_("Address to listen on. Others than this machine's own need an admin account and TLS.")),
    ] = "127.0.0.1",
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=64, help=_("Processes that answer; usually one for each processor, up to four.")),
    ] = None,
) -> None:
    from kzmonitor import review

    local = host in LOCAL
    token = os.environ.get(TOKEN_VARIABLE) or secrets.token_urlsafe(24) if local else None
    with shell.database() as database:
        if not local:
            review.require_ready_for_others(database, config.settings(), host, admin=True)
        require_free(host, port)
        address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
        shell.say(_("review: {address}").format(address=f"{address}?token={token}" if token else address))
        processes = workers or review.usual_number()
        review.serve(database, config.settings(), host=host, port=port, token=token, processes=processes)


def require_free(host: str, port: int) -> None:
    """SetupError, before an address is printed that can't be served."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SetupError(
                _("{host}:{port} can't be used ({reason}); choose another --host or --port").format(
                    host=host, port=port, reason=error.strerror
                )
            ) from error
