"""The fields beside the labels: turn, role, who and by whom, where, when, how much and how many.

What a text means is learned from the fields of the labelled texts, by linear models; what it states (dates, sums,
articles of law, numbers of people) is read off it by rules, and models choose among what was read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Self

from scipy.sparse import csr_matrix

from kzmonitor.classify.calibrate import Floats
from kzmonitor.classify.fields.abroad import transnational
from kzmonitor.classify.fields.candidates import date_choices, party_choices, region_choices
from kzmonitor.classify.fields.choice import Choice, Kinds
from kzmonitor.classify.fields.counts import Sum, people, sums
from kzmonitor.classify.fields.dates import Precision
from kzmonitor.classify.fields.features import Scene, features, scene_of
from kzmonitor.classify.fields.record import ACTOR_KINDS, ROLES, TARGET_KINDS
from kzmonitor.classify.fields.turn import turn_features
from kzmonitor.classify.reading import Reading
from kzmonitor.language import places
from kzmonitor.language.articles import articles
from kzmonitor.language.entities import language_of

# Chances above which an answer is given, and the score for a kind; set by cross-validation on the seed.
EASED = 0.55
REGION, TARGET, ACTOR = 0.45, 0.35, 0.35
KIND = -0.3
YES = "yes"
EASED_TURN, PRESSURE = "eased", "pressure"


@dataclass(frozen=True)
class Party:
    """A person, organisation or body. `id`: that of the gazetteer, or None; `kind`: as in `entities.Entity`."""

    name: str
    kind: str
    id: str | None = None


@dataclass(frozen=True)
class Fields:
    """The fields of one text; None and empty where it does not tell.

    turn: pressure or eased. place: a town, or the region by its name, in the language of the text; region: ISO 3166-2.
    event_date: ISO day or month. articles: ids as in `articles.Article`. people: how many the acts befell."""

    turn: str
    role: str
    target_kind: tuple[str, ...]
    actor_kind: tuple[str, ...]
    targets: tuple[Party, ...]
    actors: tuple[Party, ...]
    place: str | None
    region: str | None
    event_date: str | None
    date_precision: Precision
    articles: tuple[str, ...]
    sums: tuple[Sum, ...]
    people: int | None
    transnational: bool

    def to_json(self) -> dict[str, Any]:
        """Plain types, as they are stored: tuples become lists, parties and sums objects."""
        return {
            name: [asdict(one) if isinstance(one, (Party, Sum)) else one for one in value]
            if isinstance(value, tuple)
            else value
            for name, value in vars(self).items()
        }


class FieldsModel:
    """The fitted models. `turn` and `kinds`: questions about a whole text; `choices`: what chooses dates, regions and
    parties among those that a text names."""

    def __init__(self, turn: Kinds, kinds: Kinds, choices: Mapping[str, Choice]) -> None:
        self.turn = turn
        self.kinds = kinds
        self.choices = dict(choices)

    def fields(self, reading: Reading, row: csr_matrix, labels: Iterable[str], published: date | None) -> Fields:
        """The fields of one text. row: its line of the classifier's feature matrix; labels: those predicted (a text
        without any is not about pressure: it gets no parties); published: the day in Kazakhstan, if it is known."""
        scene = scene_of(reading)
        scores = self.kinds.scores(row, features(scene))
        turns = self.turn.chances("turn", self.turn.scores(row, turn_features(scene)))
        place, region = self._place(scene)
        event_date, precision = self._date(scene, published)
        targets, actors = self._parties(scene) if tuple(labels) else ((), ())
        roles = self.kinds.chances("role", scores)
        return Fields(
            turn=EASED_TURN if turns.get(EASED_TURN, 0.0) > EASED else PRESSURE,
            role=max(roles, key=roles.__getitem__) if roles else ROLES[0],
            target_kind=_passing("target_kind", TARGET_KINDS, scores),
            actor_kind=_passing("actor_kind", ACTOR_KINDS, scores),
            targets=targets,
            actors=actors,
            place=place,
            region=region,
            event_date=event_date,
            date_precision=precision,
            articles=tuple(dict.fromkeys(article.id for article in articles(reading.tokens))),
            sums=tuple(sums(reading.tokens)),
            people=people(scene),
            transnational=transnational(scene),
        )

    def _place(self, scene: Scene) -> tuple[str | None, str | None]:
        """Name of the place, and the region's code."""
        offered = region_choices(scene)
        chances = self.choices["region"].chances([choice.features for choice in offered], YES)
        if not offered or chances.max() <= REGION:
            return None, None
        chosen = offered[int(chances.argmax())]
        name = places.name_of(chosen.place, language_of(scene.reading.tokens)) if chosen.place else None
        return name, chosen.region

    def _date(self, scene: Scene, published: date | None) -> tuple[str | None, Precision]:
        if published is None:
            return None, "unknown"
        offered = date_choices(scene, published)
        chances = self.choices["date"].chances([choice.features for choice in offered], YES)
        chosen = offered[int(chances.argmax())]
        return chosen.iso, chosen.precision

    def _parties(self, scene: Scene) -> tuple[tuple[Party, ...], tuple[Party, ...]]:
        """Targets and actors. A body of the state is never a target."""
        offered = party_choices(scene)
        rows = [choice.features for choice in offered]
        targets, actors = (self.choices["party"].chances(rows, answer) for answer in ("target", "actor"))
        parties = [Party(choice.name, choice.kind, choice.id) for choice in offered]
        return (
            tuple(p for p, chance in zip(parties, targets, strict=True) if chance > TARGET and p.kind != "body"),
            tuple(p for p, one, other in zip(parties, actors, targets, strict=True) if one > ACTOR and one > other),
        )

    def to_state(self) -> dict[str, Any]:
        """Plain types, arrays and scikit-learn estimators: what skops saves without trusting anything new."""
        choices = {name: choice.to_state() for name, choice in self.choices.items()}
        return {"turn": self.turn.to_state(), "kinds": self.kinds.to_state(), "choices": choices}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """What `to_state` gave."""
        choices = {name: Choice.from_state(choice) for name, choice in state["choices"].items()}
        return cls(Kinds.from_state(state["turn"]), Kinds.from_state(state["kinds"]), choices)


def _passing(question: str, kinds: Sequence[str], scores: Mapping[str, Floats]) -> tuple[str, ...]:
    """The kinds whose score passes, and at least the one that comes nearest."""
    asked = {kind: float(scores[name][0]) for kind in kinds if (name := f"{question} {kind}") in scores}
    likeliest = max(asked, key=asked.__getitem__, default=None)
    return tuple(kind for kind, score in asked.items() if score > KIND or kind == likeliest)
