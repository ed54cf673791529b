"""Persons in a text, found so that few are missed: what may be a name counts as one.

The finder of `language.entities` puts precision first, since what it finds is shown and counted. To leave names out,
the other mistake is the costly one, so this adds to what it finds: every form of the names that are known from
elsewhere (the parties of the incident), every first name, every word with the ending of a surname, surnames of the
gazetteer alone, and capitalised words beside any of these. Words that the project's own corpus has in small letters are
no names where a capital letter tells nothing (at the beginning of a sentence, in a headline)."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from kzmonitor.export.naming import Known, forms_of, key_of, listed_surnames, places, words
from kzmonitor.language.entities import Mention, find
from kzmonitor.language.names import first_names, is_family_name, nominative, skeleton
from kzmonitor.language.tokens import Tokens, fold, stem, tokenize

# Shorter skeletons are forms of too many words to be believed in small letters or inside a hashtag.
TELLING = 5
JOINTS = (" ", "\u00a0", "-", " - ")
PARTS = re.compile(r"[-_’'.]|(?<=[^\W\d_A-ZА-ЯЁӘҒҚҢӨҰҮІҺ])(?=[A-ZА-ЯЁӘҒҚҢӨҰҮІҺ])|\d+")


@dataclass(frozen=True, slots=True)
class Spot:
    """A person's name in a text: offsets, and a key that is equal for all forms of one person's name."""

    start: int
    end: int
    key: str


def spots(title: str, text: str, parties: Known, *, strange: bool = True) -> list[Spot]:
    """Everything in `title`, line break, `text` that may name a person, in order, none overlapping.

    parties: who is known to be named. strange: words that nothing is known of count as names (not in the name of an
    organisation)."""
    tokens = tokenize(title, text)
    mentions = find(tokens)
    persons = [mention for mention in mentions if mention.entity.kind == "person"]
    protected = _protected(tokens, mentions)
    named = ((one.entity.name, one.entity.id or key_of(one.entity.name)) for one in persons)
    sure = Known(forms_of(named, parties.forms))
    # What is found once is looked for everywhere: the second time its surname may begin a sentence.
    first = _Names(tokens, sure, sure, protected, strange=strange)
    again = ((word, key) for a, b, key in first.spans(persons) for word in _telling(first.written[a : b + 1]))
    spans = _Names(tokens, sure, Known(forms_of(again, sure.forms)), protected, strange=strange).spans(persons)
    return [Spot(tokens.start[a], tokens.end[b], key) for a, b, key in spans]


def _telling(parts: list[str]) -> list[str]:
    """The words of a name, in the nominative as far as can be told."""
    long = [word for word in parts if len(word) > TELLING]
    return [*long, *(nominative("", word)[1] for word in long)]


def _protected(tokens: Tokens, mentions: Iterable[Mention]) -> set[int]:
    """The tokens of organisations, bodies and places; first names are none of these (Қайрат looks like Cairo)."""
    named = {
        place
        for mention in mentions
        if mention.entity.kind != "person"
        for place in range(mention.first, mention.last + 1)
    }
    listed = {place for match in places().find(tokens) for place in match.words}
    return named | {place for place in listed if skeleton(tokens.fold[place]) not in first_names()}


class _Names:
    """The tokens of one text, and which of them are parts of names.

    sure: names that are believed in small letters, too; known: those and what else was found in the text."""

    def __init__(self, tokens: Tokens, sure: Known, known: Known, protected: Collection[int], *, strange: bool) -> None:
        self.tokens = tokens
        self.sure = sure
        self.known = known
        self.protected = protected
        self.strange = strange
        self.written = [tokens.text[a:b] for a, b in zip(tokens.start, tokens.end, strict=True)]

    def spans(self, persons: Iterable[Mention]) -> list[tuple[int, int, str]]:
        """(first token, last token, key) of each name."""
        owner: dict[int, Mention] = {place: one for one in persons for place in range(one.first, one.last + 1)}
        names = {place for place in range(len(self.written)) if place in owner or self._is_name(place)}
        for _round in range(2):  # a first name, a patronymic and a surname: two steps from any of them
            names |= {beside for place in names for beside in self._beside(place) if beside not in owner}
        return [self._span(group, owner) for group in self._groups(sorted(names), owner)]

    def _groups(self, names: list[int], owner: Mapping[int, Mention]) -> Iterator[list[int]]:
        """Names that stand together are one person's, but never two persons that the finder tells apart."""
        group: list[int] = []
        for place in names:
            apart = group and (
                place != group[-1] + 1
                or not self._joined(group[-1])
                or (place in owner and any(owner.get(one, owner[place]) is not owner[place] for one in group))
            )
            if apart:
                yield group
                group = []
            group.append(place)
        if group:
            yield group

    def _span(self, group: list[int], owner: Mapping[int, Mention]) -> tuple[int, int, str]:
        mention = next((owner[place] for place in group if place in owner), None)
        return group[0], group[-1], self._key(group, mention)

    def _key(self, group: list[int], mention: Mention | None) -> str:
        if mention is not None:
            return mention.entity.id or key_of(mention.entity.name)
        skeletons = [one for place in group for one in self._skeletons(place)]
        known = self.known.key(*skeletons) or next(
            (listed_surnames()[one] for one in skeletons if one in listed_surnames()), None
        )
        if known is not None:
            return known
        parts = [self.written[place] for place in group]
        if len(parts) == 1:
            return key_of(nominative("", parts[0])[1])
        first = next((part for part in parts if skeleton(part) in first_names()), parts[0])
        last = next(part for part in [*reversed(parts), ""] if part != first)
        return key_of(" ".join(nominative(first, last)))

    def _skeletons(self, place: int) -> list[str]:
        """The skeletons of a token as written, as folded (Latin Kazakh), and of the parts that hyphens join."""
        written, folded = self.written[place], self.tokens.fold[place]
        parts = [part for part in re.split("[-‑]", written) if len(part) > 2]
        parts += [written[:-1]] if written.isascii() and written.endswith("s") else []  # the Matayevs
        return [one for one in map(skeleton, dict.fromkeys((written, folded, *parts))) if len(one) > 2]

    def _is_name(self, place: int) -> bool:
        folded, capital = self.tokens.fold[place], self.tokens.capital[place]
        corpus, skeletons = words(), self._skeletons(place)
        if not capital:
            telling = len(skeleton(folded)) >= TELLING and folded not in corpus.common
            return telling and self.sure.key(*skeletons) is not None
        if self.known.key(*skeletons):
            return True
        if place in self.protected:
            return False
        common = folded in corpus.common and self._is_weak(place)
        if self._is_listed(place):
            return not common
        if self._is_strange(place) and not self._is_acronym(place):
            long = self.written[place].isupper()  # no acronym is so long: a headline in capitals
            if long or not self._is_weak(place):
                return True
        if any(is_family_name(one) for one in skeletons):
            return folded not in corpus.common and not (self._is_weak(place) and stem(folded) in corpus.stems)
        return False

    def _is_listed(self, place: int) -> bool:
        """Whether it is a form of a known first name, or of the surname of somebody in the gazetteer."""
        return any(one in first_names() or one in listed_surnames() for one in self._skeletons(place))

    def _is_acronym(self, place: int) -> bool:
        """Whether it is written in capitals because it is short for something: БТА, ҚК-нің."""
        letters = re.split("[-‑'’]", self.written[place])[0]
        return letters.isupper() and len(letters) <= TELLING

    def _is_weak(self, place: int) -> bool:
        """Whether a capital letter tells nothing here: a sentence or a quotation begins, or all words have one."""
        tokens = self.tokens
        first = place == 0 or tokens.sentence[place - 1] != tokens.sentence[place] or tokens.quoted[place]
        return first or self.written[place].isupper() or (place < tokens.title and tokens.fold[place].isascii())

    def _beside(self, place: int) -> Iterator[int]:
        """Words next to a name that are parts of it: capitalised, no common words, or initials."""
        for beside, joint in ((place - 1, place - 1), (place + 1, place)):
            if not 0 <= beside < len(self.written) or beside in self.protected or not self.tokens.capital[beside]:
                continue
            initial = len(self.written[beside]) == 1
            if self._joined(joint) and (initial or self._is_strange(beside) or self._is_listed(beside)):
                yield beside

    def _is_strange(self, place: int) -> bool:
        corpus, folded = words(), self.tokens.fold[place].removesuffix("'s")
        known = not self.strange or folded in corpus.common or folded in corpus.proper
        return not (known or (self._is_weak(place) and stem(folded) in corpus.stems))

    def _joined(self, place: int) -> bool:
        """Whether a token and the next one may be parts of one name: a blank between them, or an initial."""
        between = self.tokens.text[self.tokens.end[place] : self.tokens.start[place + 1]]
        initial = 1 in (len(self.written[place]), len(self.written[place + 1]))
        return between in JOINTS or (initial and between.strip(" \u00a0") == ".")


def names_somebody(tag: str, known: Known) -> bool:
    """Whether a hashtag or the like holds a name: #FreeMamai, #свободу_мамаю."""
    parts = [part for part in PARTS.split(tag) if part]
    skeletons = [skeleton(part) for part in parts]
    whole = skeleton(tag)
    if known.key(*(one for one in (*skeletons, whole) if len(one) > 2)):
        return True
    if any(len(form) >= TELLING and form in whole for form in known.forms):
        return True
    strange = [part for part in parts if fold(part) not in words().common and len(part) >= TELLING]
    return any(
        skeleton(part) in first_names() or skeleton(part) in listed_surnames() or is_family_name(part)
        for part in strange
    )
