"""The overview: what happened over some weeks, in charts that are also tables; their data and pictures as files."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from kzmonitor.classify import registry
from kzmonitor.export.cells import written
from kzmonitor.i18n import _
from kzmonitor.incidents.campaign_keeping import CampaignView, all_campaigns
from kzmonitor.incidents.campaign_words import reason
from kzmonitor.language.places import region_names
from kzmonitor.learn import figures, missed, versions
from kzmonitor.learn.figures import SPANS, Asked, Overview
from kzmonitor.learn.kept import Kept, Later, may_count
from kzmonitor.learn.missed import Missed
from kzmonitor.review import charted, wording
from kzmonitor.review.charts import Chart
from kzmonitor.review.desk import At, Desk, Reader, common
from kzmonitor.review.screens import screen
from kzmonitor.sources import shares
from kzmonitor.sources.coverage import day_start
from kzmonitor.sources.shares import Share
from kzmonitor.store.tables import Source

router = APIRouter()
# Counted again when a page asks for them and they are older.
FRESH = timedelta(minutes=10)
# The estimate reads all articles of its weeks, and the audit changes it but slowly.
FRESH_MISSED = timedelta(hours=12)
# What is counted and kept, the slowest last.
PARTS = ("incidents", "coverage", "missed")
MOST_CAMPAIGNS = 8
CAMPAIGN_NAMES = 6


@dataclass(frozen=True)
class Shares:
    """Coverage by source and by language."""

    sources: list[Share]
    languages: list[Share]


@dataclass(frozen=True)
class Estimate:
    """The estimate of what was missed, None before there is a model."""

    missed: Missed | None


OVERVIEWS, SHARES, ESTIMATES = Kept(Overview), Kept(Shares), Kept(Estimate)


@router.get("/overview")
def show(request: Request, desk: At, person: Reader) -> Response:
    """All charts."""
    asked = _asked(request, desk)
    with desk.database.session() as session:
        made = Made(session, asked, desk.clock(), desk.later)
        charts = made.charts(wording.label_names(desk.labels))
        words = {
            "asked": asked,
            "charts": charts,
            "spans": charted.spans(),
            "regions": {code: wording.region_name(code) for code in region_names()},
            "since": made.weeks[0],
            "until": min(charted.ends(made.weeks), desk.clock().date()),
            "counted": made.counted,
            "campaigns": made.campaigns(),
            "campaign_reason": reason,
            "most_names": CAMPAIGN_NAMES,
        }
    return screen(request, "overview.html", common(request, desk) | words)


@router.get("/overview/{name}.csv")
def data(request: Request, desk: At, person: Reader, name: str) -> Response:
    """The table of a chart, safe to open in a spreadsheet."""
    chart, asked, _counted = _one(request, desk, name)
    return csv_file(chart.columns, chart.rows, f"kzmonitor-{name}-{asked.weeks}w.csv")


@router.get("/overview/{name}.svg")
def picture(request: Request, desk: At, person: Reader, name: str) -> Response:
    """A chart as a picture with colours of its own."""
    chart, asked, counted = _one(request, desk, name)
    chosen = [
        charted.spans()[asked.weeks],
        wording.label_names(desk.labels).get(asked.label or ""),
        wording.region_name(asked.region),
        _("counted {moment}").format(moment=wording.moment(counted)),
    ]
    return svg_file(chart, "kzmonitor · " + " · ".join(part for part in chosen if part), f"kzmonitor-{name}.svg")


def csv_file(columns: Iterable[str], rows: Iterable[Iterable[Any]], name: str) -> Response:
    """A table as a file to keep: UTF-8 with its mark, so that a spreadsheet reads Kazakh; no cell is a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([written(column) for column in columns])
    writer.writerows([written(cell) for cell in row] for row in rows)
    return Response(text.getvalue().encode("utf-8-sig", "replace"), media_type="text/csv", headers=_saved_as(name))


def svg_file(chart: Chart, foot: str, name: str) -> Response:
    """A chart as a file to keep."""
    picture = chart.draw(chart.wide).file(chart.title, chart.said, foot)
    return Response(picture.encode("utf-8", "replace"), media_type="image/svg+xml", headers=_saved_as(name))


def _saved_as(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _asked(request: Request, desk: Desk) -> Asked:
    """What an address asks for; a word that can't be meant is as good as none."""
    said = request.query_params
    weeks = said.get("weeks", "")
    label, region = said.get("label", ""), said.get("region", "")
    return Asked(
        weeks=int(weeks) if weeks in {str(span) for span in SPANS} else Asked.weeks,
        label=label if label in {one.name for one in desk.labels} else None,
        region=region if region in region_names() else None,
    )


def _one(request: Request, desk: Desk, name: str) -> tuple[Chart, Asked, datetime]:
    asked = _asked(request, desk)
    with desk.database.session() as session:
        made = Made(session, asked, desk.clock(), desk.later)
        chart = made.chart(name, wording.label_names(desk.labels))
    if chart is None:
        raise HTTPException(404)
    return chart, asked, made.counted


def ready(session: Session, part: str, weeks: int, now: datetime) -> None:
    """Count one part of the overview of so many weeks, if it is missing or old and no other process does. Each part in
    a transaction of its own: who asks meanwhile must not wait for the rest."""
    if may_count(session, f"ready:{part}:{weeks}"):
        Made(session, Asked(weeks=weeks), now).count(part)


class Made:
    """The charts of what was asked for. counted: when the oldest figure shown was counted."""

    def __init__(self, session: Session, asked: Asked, now: datetime, later: Later | None = None) -> None:
        self._session, self._asked, self._now, self._later = session, asked, now, later
        self.weeks: list[date] = figures.mondays(now, asked.weeks)
        self.counted = now

    def charts(self, label_names: Mapping[str, str]) -> list[Chart]:
        """All of them, in the order of the page."""
        return [chart for make in self._makers(label_names) for chart in make()]

    def chart(self, name: str, label_names: Mapping[str, str]) -> Chart | None:
        """The one of this name; nothing that it does not need is counted."""
        for make in self._makers(label_names):
            found = next((chart for chart in make() if chart.name == name), None)
            if found is not None:
                return found
        return None

    def campaigns(self) -> list[CampaignView]:
        """The newest that had an incident in these weeks."""
        since = day_start(self.weeks[0])
        found = [one for one in all_campaigns(self._session) if one.last_seen >= since]
        if self._asked.label:
            found = [one for one in found if self._asked.label in one.labels]
        return found[:MOST_CAMPAIGNS]

    def count(self, part: str) -> None:
        """Count one of `PARTS`, unless what is kept is fresh."""
        {"incidents": self._incidents, "coverage": self._coverage, "missed": self._missed}[part]()

    def _incidents(self) -> Overview:
        found: Overview = self._kept(
            OVERVIEWS, self._asked.name, FRESH, lambda session: figures.overview(session, self._asked, self._now)
        )
        return found

    def _makers(self, label_names: Mapping[str, str]) -> list[Callable[[], list[Chart]]]:
        def incidents() -> list[Chart]:
            return charted.of_overview(self._incidents(), label_names)

        def models() -> list[Chart]:
            return [charted.versions(versions.versions(self._session))]

        return [incidents, self._missed, models, self._coverage]

    def _missed(self) -> list[Chart]:
        found = self._kept(ESTIMATES, f"missed:{self._asked.weeks}", FRESH_MISSED, self._estimate)
        return [charted.missed(found.missed)]

    def _estimate(self, session: Session) -> Estimate:
        model = registry.in_use(session)
        if model is None:
            return Estimate(None)
        return Estimate(missed.missed(session, model, day_start(self.weeks[0]), self._now))

    def _coverage(self) -> list[Chart]:
        found = self._kept(SHARES, f"shares:{self._asked.weeks}", FRESH, self._shares)
        names: dict[str, str] = {row[0]: row[1] for row in self._session.execute(select(Source.slug, Source.name))}
        return [
            charted.coverage(found.sources, "source", names),
            charted.coverage(found.languages, "language", wording.language_names()),
        ]

    def _shares(self, session: Session) -> Shares:
        return Shares(shares.shares(session, "source", self.weeks), shares.shares(session, "language", self.weeks))

    def _kept(self, kept: Kept[Any], name: str, fresh: timedelta, count: Callable[[Session], Any]) -> Any:
        made, counted = kept.get(self._session, name, self._now, fresh, count, self._later)
        self.counted = min(self.counted, counted)
        return made
