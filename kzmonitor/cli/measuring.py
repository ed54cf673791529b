"""Command: metrics."""

import typer

from kzmonitor.cli import shell
from kzmonitor.i18n import _


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command(
        help=_("Figures for Prometheus: sources, queues, deliveries, sizes. They name no person and no text."),
        epilog=_("Example: kzmonitor metrics > /var/lib/node_exporter/kzmonitor.prom"),
    )(metrics)


def metrics() -> None:
    from kzmonitor.store.metrics import exposition

    with shell.database() as database:
        shell.say_raw(exposition(database, shell.now()).decode().rstrip("\n"))
