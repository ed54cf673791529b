"""What every command needs of the shell: the database, the declarations, tables on a terminal, one-line errors."""

import errno
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import DBAPIError

from kzmonitor import config, store
from kzmonitor.errors import InputError, KzmonitorError
from kzmonitor.i18n import _
from kzmonitor.language.visible import visible
from kzmonitor.sources import registry
from kzmonitor.sources.declaration import Declaration
from kzmonitor.store import Database

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def now() -> datetime:
    """This moment in UTC; the library is always told the time."""
    return datetime.now(UTC)


@contextmanager
def database(*, migrate: bool = True) -> Iterator[Database]:
    """The configured database for the length of a command."""
    with store.opened(config.settings(), migrate=migrate) as opened:
        yield opened


def declarations(sources_dir: Path | None, wanted: Sequence[str] = (), *, off: bool = False) -> dict[str, Declaration]:
    """The enabled sources, or those named, of this folder, that of the settings, or the shipped ones; with `off` also
    those that are switched off.

    A broken declaration costs one line, the others go on. Raises InputError when a named source is not declared."""
    sources_dir = sources_dir or config.settings().sources_dir
    if sources_dir is not None and not sources_dir.is_dir():
        raise InputError(_("{path}: no such folder").format(path=sources_dir))
    known = registry.load(*([sources_dir] if sources_dir else []))
    for error in known.errors:
        complain(str(error))
    for slug in wanted:
        if slug not in known.sources:
            raise InputError(_("{slug}: no such source; see: kzmonitor sources list").format(slug=slug))
    chosen = wanted or [slug for slug, declaration in known.sources.items() if declaration.enabled or off]
    return {slug: known.sources[slug] for slug in chosen}


def complain(line: str) -> None:
    """One line on standard error."""
    errors.print(line, style="yellow", markup=False, soft_wrap=True)


def say(line: str) -> None:
    """One line on standard output."""
    console.print(line, markup=False, soft_wrap=True)


def say_raw(line: str) -> None:
    """One line for programs, as it is."""
    sys.stdout.write(line + "\n")


def show(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str | None = None) -> None:
    """A table on a terminal, tab-separated lines in a pipe; no cell can move the cursor or turn the direction."""
    cells = [["" if cell is None else visible(str(cell)) for cell in row] for row in rows]
    if not console.is_terminal:
        for row in [list(columns), *cells]:
            sys.stdout.write("\t".join(row) + "\n")
        return
    table = Table(*columns, title=title)
    for row in cells:
        table.add_row(*(cell.replace("[", r"\[") for cell in row))
    console.print(table)


def show_json(value: object) -> None:
    """JSON for programs: never translated, never wrapped."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Whatever goes wrong for a reason of the world ends in one line and exit code 2."""
    try:
        yield
    except KzmonitorError as error:
        _raise_the_end(error)
        _end(str(error))
    except DBAPIError as error:
        _raise_the_end(error)
        _end(database_failed(error.orig or error))
    except psycopg.Error as error:
        _raise_the_end(error)
        _end(database_failed(error))
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(0) from None
    except OSError as error:
        _end(_os_error(error))


@contextmanager
def going_on() -> Iterator[None]:
    """Such trouble is one line, and the caller goes on: for rounds that come again."""
    try:
        yield
    except KzmonitorError as error:
        _raise_the_end(error)
        complain(" ".join(str(error).split()))
    except DBAPIError as error:
        _raise_the_end(error)
        complain(database_failed(error.orig or error))


def _raise_the_end(error: BaseException) -> None:
    """Whoever is told to end (Ctrl-C, SIGTERM) in the middle of a statement has a connection that can't be put in order
    again, and the error of that must not hide what it came from. Raises that, if there is such a thing."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, KeyboardInterrupt | SystemExit):
            raise cause
        cause = cause.__cause__ or cause.__context__


def database_failed(error: BaseException) -> str:
    """The line about a failure of the database, in its own words."""
    reason = str(error).strip().splitlines()
    return _("the database failed: {reason}").format(reason=reason[0] if reason else type(error).__name__)


def _os_error(error: OSError) -> str:
    where = error.filename or _("output")
    if error.errno == errno.ENOSPC:
        return _("{path}: the disk is full; free some space and run it again").format(path=where)
    return f"{where}: {error.strerror or error}"


def _end(line: str) -> None:
    complain(" ".join(line.split()))
    raise SystemExit(2) from None
