"""Command: newsroom."""

from pathlib import Path
from typing import Annotated

import typer

from kzmonitor import newsroom
from kzmonitor.i18n import _


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command(
        "newsroom",
        help=_(
            "Serve labelled JSONL as local outlets, until Ctrl-C. To collect from them set KZMONITOR_ALLOW_LOOPBACK=1."
        ),
        epilog=_("Example: kzmonitor newsroom reports.jsonl --port 8100 --declare /tmp/sources"),
    )(serve)


def serve(
    file: Annotated[
        list[Path], typer.Argument(metavar="FILE.jsonl...", help=_("Labelled JSONL; each file is an outlet."))
    ],
    port: Annotated[int, typer.Option(min=0, max=65_000, help=_("The first outlet's port; 0 takes free ones."))] = 0,
    declare: Annotated[
        Path | None, typer.Option(help=_("Write the outlets' declarations into this folder."), show_default=False)
    ] = None,
) -> None:
    newsroom.serve(file, port, declare)
