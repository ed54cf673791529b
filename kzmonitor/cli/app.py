"""The Typer application and its entry point."""

import os
import signal
import sys

import typer

from kzmonitor import VERSION, config, logs
from kzmonitor.cli import (
    accounts,
    adding,
    backfilling,
    backing,
    campaigns,
    canaries,
    classifying,
    collecting,
    databases,
    delivering,
    doctor,
    exporting,
    importing,
    learning,
    measuring,
    models,
    newsrooms,
    pruning,
    reviewing,
    running,
    shell,
    understanding,
    verifying,
    watching,
)
from kzmonitor.errors import SetupError
from kzmonitor.i18n import _

app = typer.Typer(
    name="kzmonitor",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=_("Finds reports of pressure on NGOs, activists and independent media in Kazakhstan."),
)

for module in (
    collecting,
    adding,
    importing,
    backfilling,
    watching,
    canaries,
    understanding,
    campaigns,
    reviewing,
    accounts,
    delivering,
    classifying,
    learning,
    models,
    newsrooms,
    verifying,
    exporting,
    databases,
    backing,
    pruning,
    measuring,
    doctor,
    running,
):
    module.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        shell.say(f"kzmonitor {VERSION}")
        raise typer.Exit


@app.callback()
def common(
    version: bool = typer.Option(
        False, "--version", is_eager=True, callback=_version, help=_("Show the version and end.")
    ),
    verbose: bool = typer.Option(False, "--verbose", "-v", help=_("Say more, on standard error.")),
) -> None:
    """Options of all commands."""
    logs.start(as_json=_logs_as_json(), verbose=verbose)


def _logs_as_json() -> bool:
    try:
        return config.settings().log == "json"
    except SetupError:  # the command says what is wrong; doctor goes on
        return False


def main() -> None:
    """The `kzmonitor` command. Exit codes: 0 done, 1 something was found wrong, 2 could not work, 130 interrupted."""
    # Started in the background of a script, Python inherits an ignored Ctrl-C; a service stops by SIGTERM.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_signal: sys.exit(143))
    os.umask(0o077)
    try:
        with shell.one_line_errors():
            app()
    except KeyboardInterrupt:
        shell.complain(_("interrupted; what was finished is kept, run it again to go on"))
        raise SystemExit(130) from None
