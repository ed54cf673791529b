import dataclasses
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kzmonitor.classify import registry
from kzmonitor.classify.labelled import Text
from kzmonitor.classify.model import Classifier
from kzmonitor.errors import InputError
from kzmonitor.learn import gate, labelset
from kzmonitor.learn import retrain as retraining
from kzmonitor.learn.retrain import Retrained, World, make_candidate, retrain
from kzmonitor.learn.votes import votes
from kzmonitor.store import Database
from kzmonitor.store.tables import Alert, Model, new_id
from tests.learn.conftest import NOW, says

Arrive = Callable[..., Alert]


@pytest.fixture
def first(database: Database, first_model: Classifier) -> str:
    """The version in use at the start: trained on the small seed."""
    with database.session() as session:
        return registry.add(session, first_model, "champion", NOW - timedelta(days=30)).version


@pytest.fixture
def reviewed(database: Database, arriving: Sequence[Text], arrive: Arrive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every arriving text is reviewed by one honest reader; every fifth judges, so that each run is the same."""
    with database.session() as session:
        alerts = [arrive(session, text) for text in arriving]
        for alert, text in zip(alerts, arriving, strict=True):
            says(session, "anna", alert, text.labels)
    judging = {alert.id for alert in alerts[::5]}
    monkeypatch.setattr(labelset, "_judges", lambda _subject, id: id in judging)


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate lets everything pass: what it would say of these few texts hangs on the corpus of the day."""
    fine = gate.Comparison("frozen", "f1_queue", "kk", 40, 0.8, 0.9, 0.1, -0.05, 0.15, worse=False, decides=True)
    monkeypatch.setattr(gate, "compare", lambda *_given: gate.Report((fine,)))


def again(database: Database, world: World, **more: object) -> Retrained:
    return retrain(database, NOW, world=world, **({"reason": "a test"} | more))  # type: ignore[arg-type]


def states(database: Database) -> dict[str, str]:
    with database.session() as session:
        return {model.version: model.state for model in registry.versions(session)}


def refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate finds Kazakh worse, whatever it is shown."""
    worse = gate.Comparison("frozen", "f1_queue", "kk", 40, 0.9, 0.8, -0.1, -0.15, -0.05, worse=True, decides=True)
    monkeypatch.setattr(gate, "compare", lambda *_given: gate.Report((worse,)))


def test_what_is_learned_from_reviews_is_promoted_and_says_what_made_it(
    database: Database, world: World, first: str, reviewed: None, passing: None, arriving: Sequence[Text]
) -> None:
    done = again(database, world)
    assert done.outcome == "promoted", done.candidate.report.worse
    assert states(database) == {first: "retired", done.version: "champion"}
    with database.session() as session:
        kept = registry.champion(session, NOW)
        assert kept.data_sha256.hex() == registry.classifier(kept).data_sha256
        counts = kept.metrics["label_set"]
        assert kept.metrics["reason"] == "a test"
        assert kept.metrics["gate"]["passed"] is True
        assert kept.metrics["thresholds"]["relevance"]["queue"] > 0
    assert counts["sha256"] == done.candidate.label_set.sha256
    assert counts["seed"] == len(world.seed)
    assert 0.6 * len(arriving) < counts["reviewed"] < len(arriving)
    assert counts["held_out"] > 0
    assert counts["left_out"] == []


def test_identical_data_gives_no_new_version(database: Database, world: World, first: str) -> None:
    assert (again(database, world).outcome, again(database, world).version) == ("known", first)
    assert states(database) == {first: "champion"}


def test_a_dry_run_writes_nothing(database: Database, world: World, first: str, reviewed: None) -> None:
    done = again(database, world, dry_run=True)
    assert (done.outcome, done.version) == ("tried", None)
    assert done.candidate.report.comparisons
    assert states(database) == {first: "champion"}


def test_a_candidate_that_was_only_kept_can_be_promoted_later(
    database: Database, world: World, first: str, reviewed: None, passing: None
) -> None:
    kept = again(database, world, promote=False)
    assert (kept.outcome, states(database)[first]) == ("kept", "champion")
    later = again(database, world)
    assert (later.outcome, later.version) == ("promoted", kept.version)


def test_what_a_person_rolled_back_from_is_not_promoted_again_by_itself(
    database: Database, world: World, first: str, reviewed: None, passing: None
) -> None:
    promoted = again(database, world).version
    with database.session() as session:
        assert registry.rollback(session).version == first
    assert again(database, world).outcome == "known"
    assert states(database) == {first: "champion", promoted: "retired"}


def test_what_the_gate_refuses_stays_a_candidate_unless_forced(
    database: Database, world: World, first: str, reviewed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch)
    kept = again(database, world)
    assert kept.outcome == "kept"
    assert states(database) == {first: "champion", kept.version: "candidate"}
    forced = again(database, world, force=True, reason="the frozen labels were wrong")
    assert (forced.outcome, forced.version) == ("promoted", kept.version)
    with database.session() as session:
        stored = registry.champion(session, NOW).metrics
    assert (stored["reason"], stored["gate"]["passed"]) == ("the frozen labels were wrong", False)


def test_a_champion_that_changed_meanwhile_is_not_replaced(
    database: Database, world: World, first: str, reviewed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_given: object) -> gate.Report:
        with database.session() as session:
            other = Model(
                id=new_id(), version="other", sha256=b"", state="candidate", body=b"", trained_at=NOW,
                metrics={}, data_sha256=b"", taxonomy={},
            )  # fmt: skip
            session.scalars(select(Model).where(Model.state == "champion")).one().state = "retired"
            session.flush()
            session.add(other)
            other.state = "champion"
        return gate.Report(())

    monkeypatch.setattr(gate, "compare", slow)
    assert again(database, world).outcome == "overtaken"
    assert states(database)["other"] == "champion"


def poison(session: Session, arriving: Sequence[Text], arrive: Arrive, readers: int = 1) -> None:
    for number, text in enumerate(arriving):
        flipped = set() if text.labels else {("detention", "tax_inspection", "smear_campaign")[number % 3]}
        says(session, f"mallory-{number % readers}", arrive(session, text), flipped)


def test_a_poisoned_batch_is_refused_by_the_gate_alone(
    database: Database, world: World, first_model: Classifier, arriving: Sequence[Text], arrive: Arrive
) -> None:
    with database.session() as session:
        poison(session, arriving, arrive)
        cast, texts = votes(session), labelset.reviewed(session)
    made = make_candidate(first_model, cast, texts, world, check_readers=False)
    assert made.label_set.reviewed > 100
    assert not made.report.passed
    assert {one.on for one in made.report.worse} == {"frozen"}


def test_the_reader_of_a_poisoned_batch_is_named_and_nothing_of_it_is_learned(
    database: Database, world: World, first: str, arriving: Sequence[Text], arrive: Arrive
) -> None:
    with database.session() as session:
        poison(session, arriving, arrive)
    done = again(database, world)
    assert (done.outcome, done.version) == ("known", first)
    assert {doubt.reader for doubt in done.candidate.doubts} == {"mallory-0"}
    assert done.candidate.label_set.reviewed == 0
    assert done.as_json()["label_set"]["left_out"][0]["reader"] == "mallory-0"


def test_a_few_contradicting_reviews_break_nothing(
    database: Database,
    world: World,
    first: str,
    reviewed: None,
    passing: None,
    arriving: Sequence[Text],
    arrive: Arrive,
) -> None:
    with database.session() as session:
        contradicted = session.scalars(select(Alert).order_by(Alert.id)).all()[::10]
        for number, alert in enumerate(contradicted):
            says(session, "berik", alert, [] if number % 2 else ["raid", "censorship"])
    done = again(database, world)
    assert done.outcome == "promoted"
    assert 0 < len(done.candidate.label_set.disputes) <= len(contradicted)
    assert done.candidate.agreement[0].texts == len(contradicted)


def test_a_version_that_does_not_load_is_neither_promoted_nor_gone_back_to(
    database: Database, world: World, first: str, reviewed: None, passing: None
) -> None:
    promoted = again(database, world).version
    with database.session() as session:
        registry.find(session, first).body = b"damaged"
    with pytest.raises(InputError, match="does not match its hash"), database.session() as session:
        registry.rollback(session)
    assert states(database) == {first: "retired", promoted: "champion"}


def test_two_models_are_compared_on_the_held_out_events(
    database: Database, world: World, first_model: Classifier, reviewed: None
) -> None:
    report = retraining.compare(database, first_model, first_model, world)
    assert {one.on for one in report.comparisons} == {"frozen", "reviewed"}
    assert {one.difference for one in report.comparisons} <= {0.0, None}


def test_the_shipped_world_is_the_seed_the_frozen_events_and_the_taxonomy() -> None:
    shipped = retraining.shipped()
    assert len(shipped.seed) > 1000
    assert len(shipped.frozen) > 500
    assert dataclasses.is_dataclass(shipped.taxonomy)
