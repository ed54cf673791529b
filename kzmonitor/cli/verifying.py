"""Command: verify."""

from datetime import UTC, date
from typing import Annotated

import typer

from kzmonitor.cli import shell
from kzmonitor.cli.collecting import Json
from kzmonitor.cli.understanding import day_start
from kzmonitor.evidence.manifests import grouped
from kzmonitor.evidence.verification import Day, Erased, Problem, Verified
from kzmonitor.evidence.verification import verify as verify_all
from kzmonitor.i18n import _, ngettext
from kzmonitor.language.visible import visible

LONGEST_ADDRESS = 2000


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command(
        help=_("Check the stored pages against their hashes and the daily manifests; exit code 1 names what differs."),
        epilog=_("Example: kzmonitor verify --day 2026-11-21"),
    )(verify)


def verify(
    day: Annotated[str | None, typer.Option(help=_("Only this day (UTC) and what was captured on it."))] = None,
    json: Json = False,
) -> None:
    wanted = day_start(day).date() if day else None
    with shell.database() as database, database.session() as session:
        # One snapshot, so that a day that is closed meanwhile is not seen half.
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        done = verify_all(session, wanted)
    if json:
        shell.show_json(as_json(done))
    else:
        _tell(done)
    if done.problems:
        raise typer.Exit(1)


def as_json(done: Verified) -> dict[str, object]:
    """The outcome for programs; hashes in hexadecimal."""
    return {
        "ok": not done.problems,
        "captures": done.captures,
        "waiting": done.waiting,
        "days": [vars(one) | {"root": one.root.hex()} for one in done.days],
        "erased": [vars(one) for one in done.erased],
        "problems": [vars(one) for one in done.problems],
    }


def _tell(done: Verified) -> None:
    for problem in done.problems:
        shell.say(line_of(problem))
    for erased in done.erased:
        shell.say(erased_line(erased))
    if done.days:
        shell.say(_root_line(done.days[-1]))
    shell.say(
        _("captures: {captures}; days: {days}; erased by rule: {erased}; for the next manifest: {waiting}").format(
            captures=done.captures, days=len(done.days), erased=len(done.erased), waiting=done.waiting
        )
    )
    count = len(done.problems)
    shell.say(
        ngettext("{n} thing does not match", "{n} things do not match", count).format(n=count)
        if count
        else _("everything matches")
    )


def _root_line(day: Day) -> str:
    line = _("root of {day}: {root}").format(day=day.day, root=grouped(day.root))
    return f"{line} ({_('timestamp')}: {day.timestamp})" if day.timestamp else line


def erased_line(erased: Erased) -> str:
    """Why a body is not there, in one line."""
    return _("capture {capture}, {url}: erased by rule on {day}: {why}").format(
        capture=erased.capture,
        url=_shown(erased.url),
        day=erased.when.astimezone(UTC).date(),
        why=visible(erased.why),
    )


def _shown(url: str) -> str:
    return visible(url, LONGEST_ADDRESS)


def line_of(problem: Problem) -> str:
    """What does not match, where, and how, in one line."""
    day = problem.day
    if problem.capture is None:
        return _of_day(problem.state, day)
    where = _("capture {capture}").format(capture=problem.capture)
    if problem.url is not None:
        where = f"{where}, {_shown(problem.url)}"
    covered = _("manifest of {day}").format(day=day) if day else _("in no manifest yet")
    return f"{where} ({covered}): {_of_capture(problem)}" if problem.state != "in-no-manifest" else _left_out(where)


def _left_out(where: str) -> str:
    return f"{where}: " + _("in no manifest, though its day was closed after it was stored")


def _of_day(state: str, day: date | None) -> str:
    told = {
        "root": _("the root does not follow from the leaves"),
        "count": _("the number of captures is not that of the leaves"),
        "chain": _("the root before it is not that of the day before"),
        "day-missing": _("this day has no manifest, later ones have"),
        "manifest-missing": _("captures were covered by a manifest of this day, which is gone"),
        "timestamp": _("the timestamp is not one of this root"),
    }
    return _("manifest of {day}: {problem}").format(day=day, problem=told[state])


def _of_capture(problem: Problem) -> str:
    parts = {
        "url": _("address"),
        "time": _("time"),
        "status": _("status"),
        "headers": _("headers"),
        "sha256": _("hash of the body"),
        "body": _("body"),
        "stored": _("compressed form of the body, whose content is intact"),
    }
    told = {
        "changed": _("changed: {parts}").format(parts=", ".join(parts[name] for name in problem.parts)),
        "leaf-changed": _("its leaf in the manifest was changed"),
        "parts-changed": _("its hashes beside the leaf were changed"),
        "missing": _("the capture is gone"),
        "body-gone": _("the body is gone, and no rule was named"),
        "erased-but-there": _("marked as erased, but the body is there"),
    }
    return told[problem.state]
