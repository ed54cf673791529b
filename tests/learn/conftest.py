"""A small world: some of the seed to start from, some events to judge by, the rest arriving as articles for review."""

import hashlib
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.classify import registry
from kzmonitor.classify.labelled import Text, read_taxonomy
from kzmonitor.classify.model import Classifier
from kzmonitor.config import models_folder
from kzmonitor.learn.retrain import World
from kzmonitor.store.partitions import first_id
from kzmonitor.store.tables import (
    Account,
    Alert,
    Article,
    Capture,
    IncidentArticle,
    Model,
    Prediction,
    Review,
    Revision,
    Source,
    new_id,
)

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
# Events to start from and to judge by, and texts that arrive. Of half as many, a model is too weak to show poison.
START, JUDGING, ARRIVING = 440, 240, 300


@pytest.fixture(scope="session")
def shares() -> dict[str, list[Text]]:
    """Three parts of the seed corpus without an event in common, in an order that has nothing to do with the texts."""
    texts = sorted(registry.seed_texts(), key=lambda text: hashlib.sha256(f"{text.event}".encode()).digest())
    events = sorted({text.event for text in texts}, key=lambda event: hashlib.sha256(f"{event}".encode()).digest())
    place = {event: number for number, event in enumerate(events)}
    bounds = {"start": (0, START), "judging": (START, START + JUDGING), "arriving": (START + JUDGING, len(events))}
    parts = {
        name: [text for text in texts if first <= place[text.event] < last] for name, (first, last) in bounds.items()
    }
    return parts | {"arriving": parts["arriving"][:ARRIVING]}


@pytest.fixture(scope="session")
def world(shares: dict[str, list[Text]]) -> World:
    return World(shares["start"], shares["judging"], read_taxonomy(models_folder() / "taxonomy.yaml"))


@pytest.fixture(scope="session")
def first_model(world: World) -> Classifier:
    return world.seed_model


@pytest.fixture(scope="session")
def arriving(shares: dict[str, list[Text]]) -> list[Text]:
    return shares["arriving"]


def reader(session: Session, name: str) -> UUID:
    """The account of this pseudonym, made when it is not there."""
    found = session.scalar(select(Account.id).where(Account.pseudonym == name))
    if found is None:
        found = new_id()
        session.add(Account(id=found, pseudonym=name, role="reviewer", password_hash=None, disabled_at=None))
        session.flush()
    return found


def shown(session: Session, alert: Alert) -> Revision:
    """The latest text of an alert."""
    query = (
        select(Revision)
        .join(Article, Article.current_revision == Revision.id)
        .join(IncidentArticle, IncidentArticle.article_id == Article.id)
        .where(IncidentArticle.incident_id == alert.incident_id)
        .order_by(Revision.id.desc())
    )
    return session.scalars(query.limit(1)).one()


def says(
    session: Session, by: str, alert: Alert, labels: Iterable[str] | None, *, at: datetime = NOW,
    revision: UUID | None = None, decision: str | None = None, blind: bool = False, adjudicates: bool = False,
    undoes: UUID | None = None, subject: str = "alert",
) -> Review:  # fmt: skip
    """A review as it is stored: labels say correct, no labels reject, None unsure."""
    text = shown(session, alert)
    review = Review(
        id=new_id(), account_id=reader(session, by), subject=subject,
        subject_id=alert.id if subject == "alert" else text.article_id,
        revision_id=revision or text.id,
        decision=decision or ("unsure" if labels is None else "correct" if labels else "reject"),
        labels=sorted(labels) if labels else None, fields={"adjudicates": True} if adjudicates else {},
        reason=None, note=None, blind=blind, seen_version=None, undoes=undoes, created_at=at,
    )  # fmt: skip
    session.add(review)
    session.flush()
    return review


@pytest.fixture
def arrive(report: Callable[..., Alert]) -> Callable[..., Alert]:
    """`arrive(session, text)`: the alert of one text of the small world."""

    def one(session: Session, text: Text, at: datetime = NOW, **more: object) -> Alert:
        return report(session, text.title, text.text, at=at, language=text.lang or "ru", **more)

    return one


def passed_by(
    session: Session, model: Model, number: int, *, at: datetime, language: str = "ru", relevance: float = 0.1,
    tier: str | None = None, labels: Iterable[str] = (), title: str = "", text: str = "Обычная новость.",
) -> Article:  # fmt: skip
    """An article that came in at a time, with the model's view of it and no alert. `number` makes its ids."""
    session.merge(Source(slug="vlast", name="V", tier=1, kind="outlet", languages=["ru"], country="KZ", enabled=True))
    session.flush()
    id = UUID(int=first_id(at).int + number)
    address = f"https://vlast.example/{id}"
    session.add(
        Capture(
            id=id, source="vlast", url=address, canonical_url=address, route="direct", fetched_at=at, status=200,
            headers={}, hops=[], body=None, sha256=b"\1" * 32,
        )
    )  # fmt: skip
    article = Article(id=id, key=address, canonical_url=address, source="vlast", first_seen=at)
    session.add(article)
    session.flush()
    session.add(
        Revision(
            id=id, article_id=id, capture_id=id, title=title or f"Новость {number}", text=text, language=language,
            text_sha256=id.bytes * 2, script="cyrl", published_at=at, cut_by="feed",
        )
    )  # fmt: skip
    session.flush()
    article.current_revision = id
    view(session, model, id, relevance, tier, labels)
    return article


def view(
    session: Session, model: Model, revision: UUID, relevance: float, tier: str | None, labels: Iterable[str] = ()
) -> None:
    """What a model says of a text."""
    session.add(
        Prediction(
            revision_id=revision, model_id=model.id, relevance=relevance, tier=tier, reasons=[],
            probabilities=dict.fromkeys(labels, relevance), labels=list(labels),
        )
    )  # fmt: skip
    session.flush()


def version(session: Session, name: str, state: str, queue: float = 0.5) -> Model:
    """A version whose thresholds are known without a model file."""
    pair = {"queue": queue, "mail": 0.9}
    model = Model(
        id=new_id(), version=name, sha256=name.encode(), state=state, body=b"", trained_at=NOW,
        metrics={"thresholds": {"relevance": pair, "labels": {}}}, data_sha256=b"", taxonomy={},
    )  # fmt: skip
    session.add(model)
    session.flush()
    return model


def read(session: Session, by: str, article: Article, labels: Iterable[str], why: str, at: datetime = NOW) -> None:
    """A review of an article that a suggestion or a report brought."""
    said = sorted(labels)
    session.add(
        Review(
            id=new_id(), account_id=reader(session, by), subject="article", subject_id=article.id,
            revision_id=article.current_revision, decision="correct" if said else "reject", labels=said or None,
            fields={"why": why}, reason=None, note=None, blind=False, seen_version=None, undoes=None, created_at=at,
        )
    )  # fmt: skip
    session.flush()
