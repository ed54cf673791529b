"""What a text offers for the fields that name something: dates, regions, parties; each with the features by which a
model chooses."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

from kzmonitor.classify.fields.dates import Dated, Precision, dates
from kzmonitor.classify.fields.features import NEAR, Scene
from kzmonitor.classify.meetings import AWAY
from kzmonitor.language.entities import Mention, actor_of, entities_of, seat_of, side_of
from kzmonitor.language.names import skeleton
from kzmonitor.language.places import IN_LEAD, IN_TITLE
from kzmonitor.language.tokens import fold, stem

AGES = (0, 1, 3, 7, 14, 45, 180)
# Words before a date that make it background, a beginning, an end, or a plan.
BEFORE = {
    "background": ("ранее", "прежде", "раньше", "тогда", "ещё", "бұрын", "earlier", "previously", "back", "once"),
    "since": ("с", "со", "since", "from", "от", "бастап", "бері"),
    "until": ("до", "к", "until", "till", "by", "дейін"),
    "plan": ("назначен", "состоится", "пройдет", "намечен", "scheduled", "due", "set", "will", "өтеді", "белгіленді"),
}
BEFORE_WORDS = {fold(word): name for name, words in BEFORE.items() for word in words}
# Words that stand for the capital without naming it (it has moved, but not since 1997), by their first letters.
CAPITAL, HINT_LETTERS = "KZ-71", 6
HINTS = frozenset(fold(word)[:HINT_LETTERS] for word in ("столичный", "столица", "елорда"))
# How many words before and after a mention tell of it.
WINDOW = 2
# A name is not told from one sentence alone: as many mentions are looked at.
MOST_MENTIONS = 4


@dataclass(frozen=True, slots=True)
class DateChoice:
    """A date that may be the event's: ISO day or month."""

    iso: str
    precision: Precision
    features: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegionChoice:
    """A region that may be the event's, and the town named in it (None: only the region)."""

    region: str
    place: str
    features: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartyChoice:
    """A person, organisation or body of the text, which may be a target or an actor."""

    key: str
    id: str | None
    name: str
    kind: str
    features: tuple[str, ...]


def date_choices(scene: Scene, published: date) -> list[DateChoice]:
    """Each date of the text once, and the month of publication, which stands for a text that names none."""
    found = dates(scene.reading.tokens, published)
    choices: dict[str, DateChoice] = {}
    for number, dated in enumerate(found):
        features = tuple(_of_date(scene, dated, number, len(found), published))
        if dated.iso() in choices:
            before = choices[dated.iso()]
            features = tuple(sorted({*before.features, *features, "named again"}))
        choices[dated.iso()] = DateChoice(dated.iso(), dated.precision, features)
    silent = f"{min(len(found), 3)} dates named"
    days = f"{min(sum(dated.precision == 'day' for dated in found), 2)} days named"
    month = published.isoformat()[:7]
    if month not in choices:
        recent = any(choice.iso.startswith(month) for choice in choices.values())
        features = ("month of publication", silent, days, f"a day of it is named: {recent}")
        choices[month] = DateChoice(month, "month", features)
    return list(choices.values())


def _of_date(scene: Scene, dated: Dated, number: int, among: int, published: date) -> Iterator[str]:
    tokens, sentence = scene.reading.tokens, scene.reading.tokens.sentence[dated.first]
    form = "month" if dated.precision == "month" else dated.form
    yield f"form {form}"
    yield f"{form} in {scene.part(dated.first)}"
    yield f"{form} number {min(number, 3)}"
    yield f"sentence {min(max(sentence - scene.first_sentence, -1), 5)}"
    age = (published - dated.day).days
    old = next((f"up to {limit} days" for limit in AGES if age <= limit), "older") if age >= 0 else "future"
    yield f"{form} {old}"
    yield f"{old}"
    yield f"year written {dated.with_year}"
    yield f"of {min(among, 4)}"
    if sentence in scene.acts:
        yield "meets an act"
        gap = min(min(abs(dated.first - act.last), abs(act.first - dated.last)) for act in scene.acts[sentence])
        yield f"near an act {gap <= NEAR}"
        if sentence in scene.targets:
            yield "meets act and target"
    for place in range(max(dated.first - 3, 0), dated.first):
        if tokens.sentence[place] == sentence and tokens.fold[place] in BEFORE_WORDS:
            yield f"{BEFORE_WORDS[tokens.fold[place]]} {place - dated.first == -1}"
    if dated.first == 0 or tokens.sentence[dated.first - 1] != sentence:
        yield "opens its sentence"


def region_choices(scene: Scene) -> list[RegionChoice]:
    """Each region that the text names, or that an organisation or body it names works from."""
    named: dict[str, list[Mention]] = {}
    seats: dict[str, set[str]] = {}
    for mention in scene.mentions:
        entity = mention.entity
        if entity.kind == "place" and entity.id:
            named.setdefault(entity.id.partition("/")[0], []).append(mention)
        elif entity.id and (seat := seat_of(entity.id)):
            part = "body" if scene.part(mention.first) == "body" else "top"
            seats.setdefault(seat, set()).update({f"seat of a {entity.kind}", f"seat of a {entity.kind} {part}"})
    tokens = scene.reading.tokens
    if any(folded[:HINT_LETTERS] in HINTS for folded in tokens.fold):
        seats.setdefault(CAPITAL, set()).add("hint of the capital")
    abroad = sum(match.concept == AWAY for match in scene.reading.matches)
    common = [f"{min(len(named), 4)} regions named", f"abroad {min(abroad, 4)}"]
    total = sum(map(len, named.values()))
    first = min((mentions[0].first for mentions in named.values()), default=-1)
    choices = []
    for region in sorted(named.keys() | seats.keys()):  # a model is the same in every process
        mentions = named.get(region, [])
        features = {*common, *seats.get(region, ()), *(f"{seat}, {bool(named)}" for seat in seats.get(region, ()))}
        features |= set(_of_region(scene, mentions, total, first)) if mentions else {f"not named, {common[0]}"}
        if region in ("KZ-71", "KZ-75"):
            features.add(f"{region} named {bool(mentions)}")
        choices.append(RegionChoice(region, _town(mentions), tuple(sorted(features))))
    return choices


def _of_region(scene: Scene, mentions: list[Mention], total: int, first: int) -> Iterator[str]:
    tokens = scene.reading.tokens
    parts = Counter(scene.part(mention.first) for mention in mentions)
    yield from (f"named in {part}" for part in parts)
    yield f"named {min(len(mentions), 3)} times"
    share = len(mentions) / total
    yield f"share {'all' if share == 1 else 'most' if share > 0.5 else 'half' if share == 0.5 else 'few'}"
    weight = parts["title"] * IN_TITLE + parts["lead"] * IN_LEAD + parts["body"]
    yield f"weight {min(weight, 8)}"
    if mentions[0].first == first:
        yield "named first"
    if mentions[0].first == tokens.title:
        yield "dateline"
    yield f"town {any('/' in (mention.entity.id or '') for mention in mentions)}"
    for mention in mentions[:MOST_MENTIONS]:
        sentence = tokens.sentence[mention.first]
        met = [kind for kind in ("acts", "targets", "actors") if sentence in getattr(scene, kind)]
        yield f"meets {' '.join(met) or 'nothing'}"
        yield from (f"after {word}" for word in _beside(scene, mention, after=False))
        yield from (f"before {word}" for word in _beside(scene, mention, before=False))


def _town(mentions: list[Mention]) -> str:
    """The town named most often in the region, else the region itself; "" when neither is named."""
    towns = Counter(m.entity.id for m in mentions if "/" in (m.entity.id or ""))
    named = towns or Counter(mention.entity.id for mention in mentions)
    return named.most_common(1)[0][0] or "" if named else ""


def party_choices(scene: Scene) -> list[PartyChoice]:
    """Every person, organisation and body of the text once."""
    parties: dict[str, list[Mention]] = {}
    for mention in scene.mentions:
        if mention.entity.kind != "place":
            parties.setdefault(mention.key, []).append(mention)
    kinds = Counter(mentions[0].entity.kind for mentions in parties.values())
    who = Counter(match.concept for matches in scene.targets.values() for match in matches)
    most = who.most_common(1)[0][0] if who else "nobody"
    choices = []
    for number, (key, mentions) in enumerate(parties.items()):
        entity = mentions[0].entity
        features = {f"{entity.kind} of {min(kinds[entity.kind], 4)}", f"{entity.kind} where {most}"}
        features |= set(_of_party(scene, mentions)) | {f"{entity.kind} number {min(number, 4)}"}
        choices.append(PartyChoice(key, entity.id, entity.name, entity.kind, tuple(sorted(features))))
    return choices


def _of_party(scene: Scene, mentions: list[Mention]) -> Iterator[str]:
    tokens = scene.reading.tokens
    entity = mentions[0].entity
    side = (actor_of(entity.id) or side_of(entity.id) or "foreign") if entity.id else "unlisted"
    yield f"{entity.kind} {side}"
    yield f"{entity.kind} {side} named {min(len(mentions), 4)} times"
    for mention in mentions[:MOST_MENTIONS]:
        sentence, part = tokens.sentence[mention.first], scene.part(mention.first)
        yield f"{entity.kind} in {part}"
        yield f"{side} in {part}"
        if sentence in scene.acts:
            yield f"{entity.kind} meets an act"
            yield f"{side} meets an act in {part}"
            gap = min(min(abs(mention.first - act.last), abs(act.first - mention.last)) for act in scene.acts[sentence])
            yield f"{entity.kind} near an act {gap <= NEAR}"
        for kind in (scene.targets, scene.actors):
            for match in kind.get(sentence, ()):
                if -3 <= match.last - mention.first < 0:
                    yield f"{entity.kind} after {match.concept}"
                elif 0 <= match.first - mention.last <= WINDOW:
                    yield f"{entity.kind} before {match.concept}"
        yield from (f"{entity.kind} after {word}" for word in _beside(scene, mention, after=False))
        yield from (f"{entity.kind} before {word}" for word in _beside(scene, mention, before=False))


def _beside(scene: Scene, mention: Mention, before: bool = True, after: bool = True) -> Iterator[str]:
    """Stems of the common words beside a mention. Names are left out, so that none is learned."""
    tokens = scene.reading.tokens
    sentence = tokens.sentence[mention.first]
    places = [*range(mention.first - WINDOW, mention.first)] if before else []
    places += range(mention.last + 1, mention.last + 1 + WINDOW) if after else []
    for place in places:
        if 0 <= place < len(tokens) and tokens.sentence[place] == sentence and not tokens.capital[place]:
            yield stem(tokens.fold[place])


def is_party(name: str, choice: PartyChoice) -> bool:
    """Whether a written name means this party: the same in the gazetteer, or alike."""
    listed = _listed(name)
    return listed == choice.id if listed and choice.id else same_name(name, choice.name)


def same_name(one: str, other: str) -> bool:
    """Whether two names share at least half of the words of the shorter one, whatever the case, script and order."""
    first, second = _stems(one), _stems(other)
    if not first or not second:
        return False
    return 2 * len(first & second) >= min(len(first), len(second))


@cache
def _listed(name: str) -> str | None:
    """The gazetteer id of a name that stands by itself."""
    found = entities_of("", f"«{name}»")
    return found[0].id if len(found) == 1 and 2 * (found[0].end - found[0].start) >= len(name) else None


def _stems(name: str) -> set[str]:
    return {skeleton(word)[:5] for word in name.replace(".", " ").replace("-", " ").split() if len(skeleton(word)) > 1}
