"""People, outlets and organisations that no list holds, found by the shape of their names. Precision comes first: a
name that might be something else is left out."""

from collections.abc import Iterator
from typing import Literal

from kzmonitor.language.names import first_names, is_family_name, nominative, skeleton
from kzmonitor.language.tokens import Tokens, fold

# Titles that English writes with a capital letter, and words of headlines and bylines: no first names.
NOT_FIRST = frozenset(
    {"judge", "president", "minister", "deputy", "colonel", "major", "captain", "lawyer", "activist", "activists", "mr",
     "mrs", "ms", "dr", "editor", "blogger", "director", "mayor", "akim", "senator", "prosecutor", "general",
     "lieutenant", "sergeant", "journalist", "journalists", "reporter", "ambassador", "secretary", "chairman",
     "the", "a", "an", "in", "at", "on", "and", "of", "for", "from", "by", "to", "with", "photo", "dear",
     "colleague", "brother", "sister",
     "city", "region", "north", "south", "east", "west", "new", "old", "street", "avenue", "republic", "іле"}
)  # fmt: skip
# Domains that make a word the name of an outlet.
DOMAINS = frozenset({"kz", "кз", "net", "info", "media", "медиа", "com", "org", "news", "press", "live", "online"})
# Stems of the words beside a quoted name that say what it is.
Thing = Literal["outlet", "NGO", "union", "party"]
THINGS: dict[Thing, tuple[str, ...]] = {
    "outlet": (
        *(
            "издани",
            "газет",
            "сайт",
            "портал",
            "редакц",
            "журнал",
            "канал",
            "телеканал",
            "телеграм",
            "агентств",
            "студи",
        ),
        *("басылым", "аптал", "порталы", "сайты", "арна", "паблик", "newspaper", "outlet", "website", "magazine"),
        *("channel", "weekly", "portal", "подкаст", "проект", "радио", "еженедельник", "портат", "агенттиг"),
    ),
    "NGO": (
        *("фонд", "нпо", "объединени", "организац", "центр", "ассоциац", "инициатив", "движени", "қор", "коалиц", "ои"),
        *("ұйым", "орталы", "бірлестіг", "қауымдаст", "foundation", "ngo", "group", "centre", "center", "association"),
        *("movement", "initiative", "коалиция", "сеть", "қозғалыс", "союз", "одағ", "клуб", "мектеб", "школ"),
    ),
    "union": ("профсоюз", "кәсіподақ", "union"),
    "party": ("парти", "партия", "party"),
}
# "сот", "қор": short stems must be the whole word but for an ending.
SHORT = 4
LONGEST_NAME = 5
READ_OR_WRITE = frozenset({"editor", "reporter", "reader", "journalist", "correspondent", "website", "newsroom"})
CLOSING = "»\"”“’'"

_things: dict[str, Thing | None] = {}
_STEMS = [(fold(stem), kind) for kind, stems in THINGS.items() for stem in stems]


def thing(folded: str) -> Thing | None:
    """What kind of organisation a common word names: "outlet", "NGO", "union", "party"; None for other words."""
    if folded not in _things:
        if len(_things) > 100_000:
            _things.clear()
        _things[folded] = next(
            (
                kind
                for stem, kind in sorted(_STEMS, key=lambda pair: -len(pair[0]))
                if folded.startswith(stem) and (len(stem) > SHORT or len(folded) <= len(stem) + 3)
            ),
            None,
        )
    return _things[folded]


def named_things(tokens: Tokens, free: list[bool]) -> Iterator[tuple[int, int, Thing, str]]:
    """(first token, last token, kind, name) of outlets by their domain, and of names beside a word that says what they
    are. `free`: which tokens nothing else has claimed."""
    for place in range(len(tokens)):
        if not free[place]:
            continue
        if place + 1 < len(tokens) and tokens.fold[place + 1] in DOMAINS and _dotted(tokens, place):
            if tokens.text[tokens.start[place] - 1 : tokens.start[place]] not in ("@", ".", "/"):
                yield place, place + 1, "outlet", tokens.text[tokens.start[place] : tokens.end[place + 1]]
        elif tokens.quoted[place] and tokens.capital[place]:
            last = _closing(tokens, place)
            kind = _beside(tokens, place, last) if last is not None and all(free[place : last + 1]) else None
            if last is not None and kind:
                yield place, last, kind, tokens.text[tokens.start[place] : tokens.end[last]]
        elif place > tokens.title and tokens.capital[place]:
            yield from _unquoted(tokens, free, place)


def _unquoted(tokens: Tokens, free: list[bool], place: int) -> Iterator[tuple[int, int, Thing, str]]:
    """English names without quotation marks: "the NGO Aq Niet", "a reporter of Tobyl Today"."""
    before = tokens.fold[place - 1]
    if (
        not tokens.fold[place].isascii()
        or (tokens.capital[place - 1] and before != "ngo")
        or not _joined(tokens, place - 1)
    ):
        return
    kind = thing(before)
    if before == "of" and place > 1 and tokens.fold[place - 2].rstrip("s") in READ_OR_WRITE:
        kind = "outlet"
    last = place
    while last + 1 < len(tokens) and last - place < 2 and tokens.capital[last + 1] and free[last + 1]:
        if not _joined(tokens, last):
            break
        last += 1
    words = [_written(tokens, word) for word in range(place, last + 1)]
    if kind and not any(word.lower() in NOT_FIRST or skeleton(word) in first_names() for word in words):
        yield place, last, kind, " ".join(words).removesuffix("'s")


def _dotted(tokens: Tokens, place: int) -> bool:
    return tokens.text[tokens.end[place] : tokens.start[place + 1]] == "."


def _closing(tokens: Tokens, first: int) -> int | None:
    """The last token of the name in quotation marks that begins at `first`; None for a whole sentence of speech."""
    for last in range(first, min(first + LONGEST_NAME, len(tokens))):
        if tokens.sentence[last] != tokens.sentence[first]:
            return None
        after = tokens.text[tokens.end[last] : tokens.end[last] + 1]
        if after and after in CLOSING:
            return last
    return None


def _beside(tokens: Tokens, first: int, last: int) -> Thing | None:
    """What the words before the name (up to two), or the one after it, call it."""
    for place in (first - 1, last + 1, first - 2):
        if 0 <= place < len(tokens) and tokens.sentence[place] == tokens.sentence[first]:
            kind = thing(tokens.fold[place])
            if kind:
                return kind
    return None


def unlisted_people(tokens: Tokens, free: list[bool]) -> Iterator[tuple[int, int, str, str]]:
    """(first token, last token, name, skeleton of the surname) of each first and last name that stand together.

    One of the two must be known for what it is: the first name by the list, or the surname by its ending where the word
    before it can be nothing but a name."""
    common = {folded for folded, capital in zip(tokens.fold, tokens.capital, strict=True) if not capital}
    place = 0
    while place + 1 < len(tokens):
        last = place + 1
        if _initial(tokens, place) and free[last] and is_family_name(_written(tokens, last)):
            surname = nominative("", _written(tokens, last))[1]
            yield place, last, f"{_written(tokens, place)}. {surname}", skeleton(surname)
            place = last + 1
            continue
        if not (_word(tokens, free, common, place) and _word(tokens, free, common, last) and _joined(tokens, place)):
            place += 1
            continue
        order = _order(tokens, place)
        if order is None:
            place += 1
            continue
        given, family = (place, last) if order else (last, place)
        if _patronymic(tokens, free, common, last):
            last += 1
            family = last if order and is_family_name(_written(tokens, last)) and last != family + 1 else family
        first_name, surname = nominative(_written(tokens, given), _written(tokens, family))
        yield place, last, f"{first_name} {surname}", skeleton(surname)
        place = last + 1


def _word(tokens: Tokens, free: list[bool], common: set[str], place: int) -> bool:
    """Whether the token may be part of a person's name: a capital letter, then small ones."""
    if not (free[place] and tokens.capital[place] and tokens.fold[place] not in common):
        return False
    written = _written(tokens, place)
    return len(written) > 2 and not written.isupper() and not written[1:2].isupper()


def _initial(tokens: Tokens, place: int) -> bool:
    """Whether a capital letter and a full stop stand before a capitalised word: "С. Мукамбетжановой"."""
    if not (tokens.capital[place] and tokens.capital[place + 1] and tokens.end[place] - tokens.start[place] == 1):
        return False
    return tokens.text[tokens.end[place] : tokens.start[place + 1]] in (".", ". ", ".\u00a0")


def _written(tokens: Tokens, place: int) -> str:
    return tokens.text[tokens.start[place] : tokens.end[place]]


def _joined(tokens: Tokens, place: int) -> bool:
    between = tokens.text[tokens.end[place] : tokens.start[place + 1]]
    return between in (" ", "\u00a0") and tokens.sentence[place] == tokens.sentence[place + 1]


def _order(tokens: Tokens, place: int) -> bool | None:
    """True: first name, then surname; False: the other way round; None: no person that we can be sure of."""
    one, two = _written(tokens, place), _written(tokens, place + 1)
    if tokens.quoted[place] or one.lower() in NOT_FIRST or two.lower() in NOT_FIRST:
        return None
    known, known_after = skeleton(one) in first_names(), skeleton(two) in first_names()
    if known and (is_family_name(two) or (not known_after and _plain_surname(tokens, place))):
        return True
    if known_after and (is_family_name(one) or known):
        return bool(known)
    inside = place > 0 and tokens.sentence[place - 1] == tokens.sentence[place] and place >= tokens.title
    return True if inside and is_family_name(two) and not is_family_name(one) and len(one) > 3 else None


def _plain_surname(tokens: Tokens, place: int) -> bool:
    """A surname without a telling ending is believed in running text only: headlines capitalise other words too."""
    return place >= tokens.title or not tokens.fold[place].isascii()


def _patronymic(tokens: Tokens, free: list[bool], common: set[str], last: int) -> bool:
    """Whether a third name follows: a patronymic, or the surname after one."""
    after = last + 1
    if after >= len(tokens) or not _joined(tokens, last) or not _word(tokens, free, common, after):
        return False
    ending = skeleton(_written(tokens, after))
    before = skeleton(_written(tokens, last))
    endings = ("vic", "vica", "vna", "vni", "vne", "uli", "kizi", "vicu", "vicem", "vnoi", "vnu", "ulin", "ulina")
    return ending.endswith(endings) or (before.endswith(endings) and is_family_name(_written(tokens, after)))
