"""Commands: retrain. And how the gate's report and the label set are shown."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from kzmonitor.cli import shell
from kzmonitor.cli.classifying import figure
from kzmonitor.cli.collecting import Json
from kzmonitor.errors import InputError
from kzmonitor.i18n import _, ngettext

if TYPE_CHECKING:
    from kzmonitor.learn.agreement import Agreement
    from kzmonitor.learn.gate import Comparison, Report
    from kzmonitor.learn.retrain import Candidate, Retrained


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command(
        help=_("Train on the seed corpus and all reviews; promote what passes the gate."),
        epilog=_("Example: kzmonitor retrain --dry-run"),
    )(retrain)


def retrain(
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Compare only; keep nothing."))] = False,
    json: Json = False,
    force: Annotated[bool, typer.Option("--force", help=_("Promote in spite of the gate; needs --reason."))] = False,
    reason: Annotated[str | None, typer.Option(help=_("Why; kept with the version."), show_default=False)] = None,
    requested: Annotated[
        bool, typer.Option("--requested", help=_("Only if somebody asked for it on the page Models."))
    ] = False,
) -> None:
    if requested:
        if dry_run or force or reason:
            raise InputError(_("--requested takes reason and promotion from the page: leave the other options out"))
        _as_requested(as_json=json)
        return
    if force and not (reason or "").strip():
        raise InputError(_("--force promotes what the gate may have refused: say why with --reason"))
    if force and dry_run:
        raise InputError(_("--force and --dry-run contradict each other: give one of them"))
    from kzmonitor.learn import retrain as retraining

    with shell.database() as database:
        done = retraining.retrain(
            database,
            shell.now(),
            world=retraining.shipped(),
            reason=(reason or "").strip() or "by hand",
            force=force,
            dry_run=dry_run,
        )
    if json:
        shell.show_json(done.as_json())
        return
    show_report(done.candidate.report, done.champion, _("candidate"))
    show_agreement(done.candidate.agreement)
    for line in told(done.candidate):
        shell.say(line)
    shell.say(verdict(done))


def _as_requested(*, as_json: bool) -> None:
    from kzmonitor.cli import jobs

    done = jobs.retrain_requested()
    if as_json:
        shell.show_json(done)
    elif not done:
        shell.say(_("nobody has asked for a retraining"))
    else:
        shell.say(f"{done['version']}: {done['outcome']}")


def show_report(report: "Report", first: str, second: str) -> None:
    """The gate's comparisons as a table, those that decide."""
    headings = [_("set"), _("figure"), _("of"), _("events"), first, second, _("difference"), "95 %", _("verdict")]
    shell.show(headings, [_row(one) for one in report.comparisons if one.decides])


def _row(one: "Comparison") -> Sequence[object]:
    names = {
        "f1_queue": _("F1 at queue"),
        "recall_mail": _("recall at mail"),
        "spared_mail": _("irrelevant kept out of mail"),
    }
    sets = {"frozen": _("frozen events"), "reviewed": _("reviewed events")}
    told = _("too few events") if one.low is None else _("worse") if one.worse else _("not worse")
    between = "-" if one.low is None else f"{one.low:+.3f} … {one.high:+.3f}"
    change = "-" if one.difference is None else f"{one.difference:+.3f}"
    return [
        sets.get(one.on, one.on), names[one.figure], one.of, one.events, figure(one.champion), figure(one.candidate),
        change, between, told,
    ]  # fmt: skip


def show_agreement(agreed: "Sequence[Agreement]") -> None:
    """How far the readers agree; nothing when no two read the same text."""
    if not agreed:
        return
    shell.show(
        [_("label"), _("readers"), _("texts"), _("of them blind"), _("agreed"), "kappa"],
        [
            [one.label, " / ".join(one.readers), one.texts, one.blind, figure(one.agreed), figure(one.kappa)]
            for one in agreed
        ],
    )


def told(candidate: "Candidate") -> list[str]:
    """The label set in lines: its size, what was left out, and why."""
    counts = candidate.counts()
    lines = [
        _("label set {hash}: {seed} seed texts and {reviewed} reviewed ones; judged by {frozen} and {held_out}").format(
            hash=counts["sha256"][:12],
            seed=counts["seed"],
            reviewed=counts["reviewed"],
            frozen=counts["frozen"],
            held_out=counts["held_out"],
        )
    ]
    if number := counts["disputed"]:
        lines.append(
            ngettext(
                "{n} text is left out: its readers are at odds and nobody adjudicated",
                "{n} texts are left out: their readers are at odds and nobody adjudicated",
                number,
            ).format(n=number)
        )
    if number := counts["unconfirmed"]:
        lines.append(
            ngettext(
                "{n} text waits for a second reading: a single review stands against a fairly sure model",
                "{n} texts wait for a second reading: a single review stands against a fairly sure model",
                number,
            ).format(n=number)
        )
    lines += [
        _(
            "{n} reviews of {reader} ({week}) are left out: they stand against {against} over {over} (p = {p:.1e}); "
            "look at them"
        ).format(
            n=doubt.votes,
            reader=doubt.reader,
            week=doubt.week or _("all weeks"),
            against=_("the other readers") if doubt.against == "other readers" else _("the seed model"),
            over=doubt.over,
            p=doubt.p,
        )
        for doubt in candidate.doubts
    ]
    return lines


def verdict(done: "Retrained") -> str:
    """What became of the candidate, in one line."""
    report = done.candidate.report
    if report.passed:
        gate = _("no language and no core label got worse beyond noise")
    else:
        worse = ", ".join(f"{one.of} ({one.on}: {one.figure} {one.difference:+.3f})" for one in report.worse)
        gate = _("refused, worse beyond noise: {what}").format(what=worse)
    told = {
        "promoted": _("{version} is the champion; {gate}"),
        "kept": _("{version} is kept as a candidate; {gate}"),
        "known": _("{version} was there already, nothing new to learn; {gate}"),
        "overtaken": _("{version} is kept as a candidate, another version became champion meanwhile; {gate}"),
        "tried": _("dry run, nothing was kept; {gate}"),
    }
    return told[done.outcome].format(version=done.version, gate=gate)
