"""The dates that a text names: written out in three languages, by weekday, or as "yesterday", against the day of
publication."""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from kzmonitor.collect.dates import MONTH, SHORT_MONTH, TODAY, YESTERDAY
from kzmonitor.language.tokens import Tokens, fold

Precision = Literal["day", "month", "unknown"]
# How a date is told; the model learns which of them tells the event.
Form = Literal["written", "month", "today", "yesterday", "weekday", "numeric"]


@dataclass(frozen=True, slots=True)
class Dated:
    """A date in a text: its first day, whether a day or a month is meant, how it is told, and in which tokens."""

    day: date
    precision: Precision
    form: Form
    first: int
    last: int
    with_year: bool

    def iso(self) -> str:
        """ "2021-01-25", or "2021-01" for a month."""
        return self.day.isoformat() if self.precision == "day" else self.day.isoformat()[:7]


WEEKDAYS = (
    ("понедельник", "дүйсенбі", "monday"), ("вторник", "сейсенбі", "tuesday"), ("сред", "сәрсенбі", "wednesday"),
    ("четверг", "бейсенбі", "thursday"), ("пятниц", "жұма", "friday"), ("суббот", "сенбі", "saturday"),
    ("воскресен", "жексенбі", "sunday"),
)  # fmt: skip
# "сред" is also the middle and Wednesday's stem, "жұма" begins other words: these must match whole.
WEEKDAY_WHOLE = {
    fold(form): number
    for number, forms in {2: "среда среду среды среде", 4: "жұма жұмада жұмаға", 6: "воскресенье воскресенья"}.items()
    for form in forms.split()
}
WEEKDAY = {
    fold(stem): number for number, stems in enumerate(WEEKDAYS) for stem in stems if stem not in ("сред", "жұма")
}
NEAR_DAYS = {fold(word): 0 for word in (*TODAY, "tonight", "бүгінгі")} | {
    fold(word): 1 for word in (*YESTERDAY, "накануне", "кешегі", "вчерашний", "вчерашнего")
} | {fold(word): 2 for word in ("позавчера", "алдыңгүні")}  # fmt: skip
ORDINALS = [
    "перв",
    "втор",
    "трет",
    "четверт",
    "пят",
    "шест",
    "седьм",
    "восьм",
    "девят",
    "десят",
    "одиннадцат",
    "двенадцат",
    "тринадцат",
    "четырнадцат",
    "пятнадцат",
    "шестнадцат",
    "семнадцат",
    "восемнадцат",
    "девятнадцат",
    "двадцат",
]
ORDINAL = {fold(stem): number for number, stem in enumerate(ORDINALS, 1)} | {"тридсат": 30}
ORDINAL_ENDING = re.compile("(?:ого|ое|ого|его|ее|иего|ие|иа)$")
YEAR = re.compile("(?:19|20)[0-9]{2}")
DAY = re.compile("(?:0?[1-9]|[12][0-9]|3[01])")
NUMERIC = re.compile(r"([0-3]?[0-9])\.([01]?[0-9])\.((?:19|20)[0-9]{2})")
YEAR_WORDS = frozenset(map(fold, ("жылғы", "жылдың", "жыл", "жылы", "ж", "г", "года", "году", "of", "the")))
# Months that are other words too ("may", "mar", Kazan) count only beside a day or a year.
DOUBTFUL = frozenset({"mar", "sep", "dec", "jan", "jun", "казан", "казани"})
CAPITAL = frozenset({"may", "march"})
# Between the day and the month: "the 18th of December", "27-інде".
BETWEEN = frozenset({"th", "st", "nd", "rd", "of", "the", "го", "е"})


def _month_stems() -> dict[str, int]:
    stems = {}
    for form, number in MONTH.items():
        folded = fold(form)
        if number != 5 or folded.isascii() or folded.startswith("мам"):
            # The last letter may be voiced before an ending (қыркүйек, қыркүйегінде).
            stems[folded if folded.isascii() else folded.rstrip("аи").removesuffix("ек")] = number
    return stems


STEMS = _month_stems()
MAY = frozenset(map(fold, ("май", "мая", "мае", "маю", "маем", "майский", "майского", "майские")))
_months: dict[str, int | None] = {}


def month_of(folded: str) -> int | None:
    """The month that a folded word names in any case form, by its number."""
    if folded not in _months:
        if len(_months) > 100_000:
            _months.clear()
        _months[folded] = _month(folded)
    return _months[folded]


def _month(folded: str) -> int | None:
    if folded in MAY:
        return 5
    if folded.isascii():
        return STEMS.get(folded) or SHORT_MONTH["en"].get(folded)
    for length in range(min(len(folded), 9), 2, -1):
        number = STEMS.get(folded[:length])
        if number and len(folded) - length <= 6:
            return number
    return None


def dates(tokens: Tokens, published: date) -> list[Dated]:
    """The dates of a text in order. One without a year is the latest that is not after `published`."""
    found: list[Dated] = []
    for dated in (*_in_words(tokens, published), *_near(tokens, published)):
        if 1990 <= dated.day.year <= published.year + 2:
            found.append(dated)
    return sorted(found, key=lambda dated: dated.first)


def _in_words(tokens: Tokens, published: date) -> Iterator[Dated]:
    for place, folded in enumerate(tokens.fold):
        if folded[:1].isdigit():
            match = NUMERIC.fullmatch(folded)
            if match:
                yield from _day(tokens, published, int(match[1]), int(match[2]), int(match[3]), place, place, "numeric")
            continue
        month = month_of(folded)
        if month:
            yield from _around(tokens, published, place, month)


def _around(tokens: Tokens, published: date, place: int, month: int) -> Iterator[Dated]:
    """The date whose month stands at `place`: the day before or after it, and the year."""
    before, after, later = (_same(tokens, place, step) for step in (-1, 1, 2))
    first, last, year = place, place, None
    if tokens.fold[place] in CAPITAL and not _is_name(tokens, place):
        return
    while _same(tokens, first, -1) in BETWEEN:
        first -= 1
    number = _number(_same(tokens, first, -1)) or _spelled(tokens, place)
    if number:
        first -= 1
        year = _year(after) or (later and after in YEAR_WORDS and _year(later)) or None
        if not year and _same(tokens, first, -1) in YEAR_WORDS:
            year = _year(_same(tokens, first, -2))
        year = year or _year(_same(tokens, first, -1))
    elif (number := _number(after)) and not _year(after):
        last += 1
        year = _year(later) or _year(before) or (_year(_same(tokens, place, -2)) if before in YEAR_WORDS else None)
    else:
        year = _year(after) or (_year(later) if after in YEAR_WORDS else None) or _year(before)
        year = year or (_year(_same(tokens, place, -2)) if before in YEAR_WORDS else None)
        doubtful = tokens.fold[place] in DOUBTFUL or tokens.fold[place].startswith("казанс")
        if year or not doubtful or after.startswith("аи"):
            day = _latest(month, 1, year, published)
            if day:
                yield Dated(day, "month", "month", place, place, bool(year))
        return
    yield from _day(tokens, published, number, month, year, first, last, "written")


def _day(
    tokens: Tokens, published: date, number: int, month: int, year: int | None, first: int, last: int, form: Form
) -> Iterator[Dated]:
    day = _latest(month, number, year, published)
    if day:
        yield Dated(day, "day", form, first, last, bool(year))


def _latest(month: int, number: int, year: int | None, published: date) -> date | None:
    """That day of the given year, or the latest that is not after the publication; None for 31 February."""
    for guess in [year] if year else range(published.year, published.year - 5, -1):
        if 1 <= month <= 12 and 1 <= number <= monthrange(guess, month)[1]:
            day = date(guess, month, number)
            if year or day <= published:
                return day
    return None


def _same(tokens: Tokens, place: int, step: int) -> str:
    """The folded word some steps away in the same sentence; "" beyond it."""
    other = place + step
    within = 0 <= other < len(tokens) and tokens.sentence[other] == tokens.sentence[place]
    return tokens.fold[other] if within else ""


def _is_name(tokens: Tokens, place: int) -> bool:
    """Whether "May" or "March" is the month: with a capital letter inside a sentence, or beside a number."""
    digits = (_same(tokens, place, -1) + " " + _same(tokens, place, 1)).strip()
    return tokens.capital[place] and (bool(_same(tokens, place, -1)) or digits[:1].isdigit())


def _number(folded: str) -> int | None:
    """A day of the month from "15", "15-16" or "15th"."""
    if not folded[:1].isdigit():
        return None
    match = DAY.fullmatch(folded) or DAY.fullmatch(re.split("[-,]", folded)[0])
    return int(match[0]) if match else None


def _spelled(tokens: Tokens, place: int) -> int | None:
    """A day in Russian words before the month: "восемнадцатого июня", "двадцать пятое марта"."""
    word = _same(tokens, place, -1)
    bare = ORDINAL_ENDING.sub("", word)
    number = ORDINAL.get(bare) if bare != word else None
    if number and number < 10:
        number += {"двадсат": 20, "тридсат": 30}.get(_same(tokens, place, -2), 0)
    return number


def _year(folded: str) -> int | None:
    return int(folded) if YEAR.fullmatch(folded) else None


def _near(tokens: Tokens, published: date) -> Iterator[Dated]:
    for place, folded in enumerate(tokens.fold):
        back = NEAR_DAYS.get(folded)
        if back is not None:
            form: Form = "today" if back == 0 else "yesterday"
            yield Dated(published - timedelta(days=back), "day", form, place, place, False)
            continue
        weekday = weekday_of(folded)
        if weekday is not None and not month_of(_same(tokens, place, 2)) and not month_of(_same(tokens, place, 1)):
            yield Dated(published - timedelta(days=(published.weekday() - weekday) % 7), "day", "weekday", place, place,
                        False)  # fmt: skip


_weekdays: dict[str, int | None] = {}


def weekday_of(folded: str) -> int | None:
    """The day of the week that a folded word names, Monday is 0."""
    if folded not in _weekdays:
        if len(_weekdays) > 100_000:
            _weekdays.clear()
        number = WEEKDAY_WHOLE.get(folded)
        if number is None:
            number = next(
                (n for stem, n in WEEKDAY.items() if folded.startswith(stem) and len(folded) < len(stem) + 5), None
            )
        _weekdays[folded] = number
    return _weekdays[folded]
