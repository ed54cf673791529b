"""What the fields are read from, beside the classifier's own features: who meets which act in one sentence, how close,
and the shape of the text. A feature is a name; it is there or not."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from kzmonitor.classify.meetings import LEAD_SENTENCES
from kzmonitor.classify.reading import Reading
from kzmonitor.language.concepts import Match
from kzmonitor.language.entities import Mention, actor_of, find, side_of
from kzmonitor.language.tokens import fold

FIRST_PERSON = frozenset(
    map(fold, ("мы", "нас", "нам", "наш", "наша", "наши", "я", "мне", "меня", "біз", "біздің", "бізге", "мен", "менің",
               "маған", "мені", "we", "our", "us", "i", "my", "me", "призываем", "требуем", "шақырамыз"))
)  # fmt: skip
AGAIN = frozenset(
    map(fold, ("снова", "опять", "вновь", "продолж", "ещё", "далее", "тағы", "қайта", "енді", "again", "now", "still",
               "meanwhile", "after", "кейін", "после", "уже", "earlier", "ранее", "бұған"))
)  # fmt: skip
NEAR = 6
LONG = (60, 110, 180, 300)
# "who.X" and "by.X" concepts carry the acts; an entity of the gazetteer counts as its kind.
TARGETS, ACTORS, ACTS = "who.", "by.", ("act.", "law.")


@dataclass(frozen=True)
class Scene:
    """A reading with the entities in it, by sentence."""

    reading: Reading
    mentions: Sequence[Mention]

    @cached_property
    def acts(self) -> dict[int, list[Match]]:
        """Sentence -> the acts in it."""
        return self._by_sentence(ACTS)

    @cached_property
    def targets(self) -> dict[int, list[Match]]:
        """Sentence -> who pressure may fall on."""
        return self._by_sentence((TARGETS,))

    @cached_property
    def actors(self) -> dict[int, list[Match]]:
        """Sentence -> who may exert it."""
        return self._by_sentence((ACTORS,))

    def _by_sentence(self, kinds: tuple[str, ...]) -> dict[int, list[Match]]:
        found: dict[int, list[Match]] = {}
        for match in self.reading.matches:
            if match.concept.startswith(kinds):
                found.setdefault(self.reading.tokens.sentence[match.first], []).append(match)
        return found

    def part(self, place: int) -> str:
        """Which part of the text a token stands in: title, lead or body."""
        if place < self.reading.tokens.title:
            return "title"
        first = self.reading.tokens.sentence[place] - self.first_sentence
        return "lead" if first < LEAD_SENTENCES else "body"

    @cached_property
    def first_sentence(self) -> int:
        """Number of the first sentence after the title."""
        tokens = self.reading.tokens
        return tokens.sentence[tokens.title] if tokens.title < len(tokens) else 0


def scene_of(reading: Reading) -> Scene:
    """The scene of a reading."""
    return Scene(reading, find(reading.tokens))


def features(scene: Scene) -> list[str]:
    """Names of everything that holds for a text."""
    found = set(_meetings(scene)) | set(_entities(scene)) | set(_shape(scene))
    return sorted(found)


def _meetings(scene: Scene) -> Iterator[str]:
    """Which target and actor stands beside an act, nearest to it, and in which part of the text."""
    for sentence in scene.acts.keys() | scene.targets.keys() | scene.actors.keys():
        acts = scene.acts.get(sentence, [])
        for match in (*scene.targets.get(sentence, []), *scene.actors.get(sentence, [])):
            part = scene.part(match.first)
            yield f"{part} {match.concept}"
            if not acts:
                continue
            yield f"{match.concept} meets an act"
            gap = min(min(abs(match.first - act.last), abs(act.first - match.last)) for act in acts)
            if gap <= NEAR:
                yield f"{match.concept} near an act"
                yield f"{part} {match.concept} near an act"
    for kind in (scene.targets, scene.actors):
        times = Counter(match.concept for matches in kind.values() for match in matches)
        if times:
            concept, count = times.most_common(1)[0]
            yield f"most {concept}"
            yield from (f"many {name}" for name, n in times.items() if n > 2 or n == count > 1)


def _entities(scene: Scene) -> Iterator[str]:
    sentences = scene.reading.tokens.sentence
    people = set()
    regions = set()
    for mention in scene.mentions:
        entity, part = mention.entity, scene.part(mention.first)
        if entity.kind == "place":
            regions.add(entity.id)
            continue
        if entity.kind == "person":
            people.add(mention.key)
        side = side_of(entity.id) if entity.id else None
        actor = actor_of(entity.id) if entity.id else None
        name = f"body {actor}" if actor else f"{side or 'unlisted'} {entity.kind}"
        yield f"{part} {name}"
        if sentences[mention.first] in scene.acts:
            yield f"{name} meets an act"
    yield f"{min(len(people), 4)} people"
    yield f"{min(len(regions), 4)} places"


def _shape(scene: Scene) -> Iterator[str]:
    """Length, voice, and how the title is built."""
    tokens = scene.reading.tokens
    yield f"length {sum(len(tokens) > limit for limit in LONG)}"
    words = Counter(folded for folded in tokens.fold if folded in FIRST_PERSON or folded in AGAIN)
    yield f"{min(sum(words[word] for word in FIRST_PERSON), 3)} first person"
    yield from (f"says {word}" for word in words)
    title = tokens.text[: tokens.end[tokens.title - 1] + 1] if tokens.title else ""
    yield from (f"title {sign}" for sign in (":", "?", "«", "!", "—") if sign in title)
    if any(letter.isdigit() for letter in title):
        yield "title with a number"
    paragraphs = tokens.text.count("\n\n")
    yield f"{min(paragraphs, 6)} paragraphs"
    text = tokens.text
    yield f"{min(sum(text.count(mark) for mark in '?'), 3)} questions"
    dashes = sum(1 for a, b in pairwise(text) if a == "\n" and b in "—–-•*")
    yield f"{min(dashes, 3)} items or lines of speech"
    yield f"{min(sum(text.count(mark) for mark in ('«', '“', '“', '”')), 5)} quotations"
