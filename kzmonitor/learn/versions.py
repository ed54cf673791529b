"""The versions of the model and their figures, without their bodies: a list must not load megabytes of each."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, load_only

from kzmonitor.store.tables import Model

MOST = 50


@dataclass(frozen=True)
class Version:
    """One version. f1, precision, recall: of being relevant, at the queue's threshold, on texts held out in its own
    training. by_language, by_label: the same figures of each. notes: the reason and the gate's report, where it was
    retrained."""

    id: UUID
    version: str
    state: str
    trained_at: datetime
    texts: int | None
    f1: float | None
    precision: float | None
    recall: float | None
    core_macro_f1: float | None
    by_language: dict[str, dict[str, float | None]]
    by_label: dict[str, dict[str, float | None]]
    reason: str | None
    gate: dict[str, Any] | None

    @property
    def passed(self) -> bool | None:
        """Whether the gate let it pass; None when it never stood before it."""
        return None if self.gate is None else bool(self.gate.get("passed"))


def versions(session: Session, limit: int = MOST) -> list[Version]:
    """The newest versions, newest first."""
    columns = load_only(Model.version, Model.state, Model.trained_at, Model.metrics)
    query = select(Model).options(columns).order_by(Model.trained_at.desc(), Model.id.desc()).limit(limit)
    return [_version(one) for one in session.scalars(query)]


def _version(model: Model) -> Version:
    metrics = model.metrics
    queue = metrics.get("queue") or {}
    relevance = queue.get("relevance") or {}
    return Version(
        model.id,
        model.version,
        model.state,
        model.trained_at,
        metrics.get("texts"),
        relevance.get("f1"),
        relevance.get("precision"),
        relevance.get("recall"),
        queue.get("core_macro_f1"),
        {
            language: {**_three(figures.get("relevance") or {}), "core_macro_f1": figures.get("core_macro_f1")}
            for language, figures in (queue.get("by_language") or {}).items()
        },
        {label: _three(figures) for label, figures in (queue.get("labels") or {}).items()},
        metrics.get("reason"),
        metrics.get("gate"),
    )


def _three(figures: dict[str, Any]) -> dict[str, float | None]:
    return {name: figures.get(name) for name in ("f1", "precision", "recall")}
