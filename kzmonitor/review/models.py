"""The versions of the model: their figures, two of them side by side, which one is in use, and a retraining."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from kzmonitor.accounts import audit
from kzmonitor.accounts.roles import Person
from kzmonitor.classify import registry
from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.learn import training_runs, versions
from kzmonitor.learn.versions import Version
from kzmonitor.review.desk import Admin, At, Desk, Reviewer, common
from kzmonitor.review.screens import screen
from kzmonitor.store.tables import Model

router = APIRouter()
LANGUAGES = ("ru", "kk", "en")


@router.get("/models")
def show(request: Request, desk: At, person: Reviewer) -> Response:
    """All versions, two of them compared, and the retrainings."""
    return _screen(request, desk)


@router.post("/models/promote")
def promote(
    request: Request, desk: At, person: Admin, version: Annotated[UUID, Form()], reason: Annotated[str, Form()] = ""
) -> Response:
    """Make a version the champion."""

    def done(session: Session) -> Model:
        found = registry.find(session, str(version))
        registry.promote(session, found)
        return found

    return _changed(request, desk, person, "promote model", reason, done)


@router.post("/models/rollback")
def roll_back(request: Request, desk: At, person: Admin, reason: Annotated[str, Form()] = "") -> Response:
    """Go back to the version before the champion."""
    return _changed(request, desk, person, "roll back model", reason, registry.rollback)


@router.post("/models/retrain")
def retrain(
    request: Request,
    desk: At,
    person: Admin,
    reason: Annotated[str, Form()] = "",
    promote: Annotated[bool, Form()] = False,
) -> Response:
    """Ask for a retraining."""
    now = desk.clock()
    try:
        with desk.database.session() as session:
            run = training_runs.ask(session, reason, promote=promote, account_id=person.id, now=now)
            audit.note(session, person.id, "ask for retraining", "training_run", run, {"promote": promote}, now)
    except InputError as mistake:
        return _screen(request, desk, problem=str(mistake), status=400)
    return RedirectResponse("/models#retraining", status_code=303)


def _changed(
    request: Request, desk: Desk, person: Person, action: str, reason: str, change: Callable[[Session], Model]
) -> Response:
    reason = " ".join(reason.split())
    if not reason or len(reason) > training_runs.LONGEST_REASON:
        problem = _("say why, in up to {number} characters").format(number=training_runs.LONGEST_REASON)
        return _screen(request, desk, problem=problem, status=400)
    try:
        with desk.database.session() as session:
            before = session.scalar(select(Model.version).where(Model.state == "champion"))
            now_in_use = change(session)
            said = {"champion": before, "now": now_in_use.version, "reason": reason}
            audit.note(session, person.id, action, "model", now_in_use.id, said, desk.clock())
    except InputError as mistake:
        return _screen(request, desk, problem=str(mistake), status=400)
    return RedirectResponse("/models", status_code=303)


def _screen(request: Request, desk: Desk, *, problem: str = "", status: int = 200) -> Response:
    with desk.database.session() as session:
        known = versions.versions(session)
        runs = training_runs.runs(session)
    champion = next((one for one in known if one.state == "champion"), None)
    second = _chosen(known, request.query_params.get("second", "")) or next(
        (one for one in known if one is not champion), None
    )
    first = _chosen(known, request.query_params.get("first", "")) or champion
    words: dict[str, Any] = {
        "versions": known,
        "champion": champion,
        "earlier": _earlier(known, champion),
        "languages": LANGUAGES,
        "first": first,
        "second": second,
        "sides": _sides(first, second),
        "report": _report(second),
        "runs": runs,
        "open_run": next((run for run in runs if run.state in training_runs.OPEN), None),
        "states": _states(),
        "run_states": _run_states(),
        "outcomes": _outcomes(),
        "problem": problem,
        "longest_reason": training_runs.LONGEST_REASON,
    }
    return screen(request, "models.html", common(request, desk) | words, status=status)


def _chosen(known: list[Version], version: str) -> Version | None:
    return next((one for one in known if one.version == version), None)


def _earlier(known: list[Version], champion: Version | None) -> Version | None:
    """The version that going back would lead to."""
    if champion is None:
        return None
    return next((one for one in known if one.state == "retired" and one.trained_at < champion.trained_at), None)


def _sides(first: Version | None, second: Version | None) -> list[tuple[str, str, float | None, float | None]]:
    """(kind, what, first, second): F1 of all, of each language and of each label."""
    if first is None or second is None:
        return []
    rows: list[tuple[str, str, float | None, float | None]] = [("all", "", first.f1, second.f1)]
    for kind, one, other in (
        ("language", first.by_language, second.by_language),
        ("label", first.by_label, second.by_label),
    ):
        names = dict.fromkeys([*one, *other])
        rows += [(kind, name, one.get(name, {}).get("f1"), other.get(name, {}).get("f1")) for name in names]
    return rows


def _report(version: Version | None) -> dict[str, Any] | None:
    """The gate's report on a version, in words: what got worse, and each comparison that decides."""
    if version is None or version.gate is None:
        return None
    rows = [_said(one) for one in version.gate.get("comparisons", ()) if one.get("decides")]
    return {"passed": version.passed, "worse": [row for row in rows if row["worse"]], "rows": rows}


def _said(one: Mapping[str, Any]) -> dict[str, Any]:
    figures = {
        "f1_queue": _("F1 at queue"),
        "recall_mail": _("recall at mail"),
        "spared_mail": _("irrelevant kept out of mail"),
    }
    sets = {"frozen": _("frozen events"), "reviewed": _("reviewed events")}
    low, high = one.get("low"), one.get("high")
    verdict = _("too few events") if low is None else _("worse") if one.get("worse") else _("not worse")
    return {
        "on": sets.get(one["on"], one["on"]),
        "figure": figures.get(one["figure"], one["figure"]),
        "of": one["of"],
        "events": one["events"],
        "champion": one["champion"],
        "candidate": one["candidate"],
        "between": None if low is None or high is None else f"{low:+.3f} … {high:+.3f}",
        "verdict": verdict,
        "worse": bool(one.get("worse")),
    }


def _states() -> dict[str, str]:
    return {"candidate": _("candidate"), "champion": _("in use"), "retired": _("retired")}


def _run_states() -> dict[str, str]:
    return {"waiting": _("waiting"), "running": _("running"), "done": _("done"), "failed": _("failed")}


def _outcomes() -> dict[str, str]:
    return {
        "promoted": _("it passed the gate and is in use now"),
        "kept": _("it is kept as a candidate"),
        "known": _("nothing new to learn: this version was there already"),
        "overtaken": _("it is kept as a candidate; another version came into use meanwhile"),
    }
