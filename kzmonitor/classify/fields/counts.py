"""Sums of money and numbers of people, read off the text by rules."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import yaml

from kzmonitor.classify.fields.dates import month_of
from kzmonitor.classify.fields.features import Scene
from kzmonitor.config import models_folder
from kzmonitor.language.tokens import Tokens, fold

# МРП, АЕК: the monthly calculation index, in which Kazakhstan sets its fines.
MCI = "MCI"
CURRENCIES = {
    "KZT": ("тенге", "теңге", "тг", "kzt", "tenge"), "USD": ("доллар", "usd", "dollar"), "EUR": ("евро", "еуро", "eur"),
    "RUB": ("рубл", "rub", "roubl", "rubl"), MCI: ("мрп", "аек", "айлық", "mci", "месячн"),
}  # fmt: skip
CURRENCY = tuple((fold(stem), code) for code, stems in CURRENCIES.items() for stem in stems)
SIGNS = {"$": "USD", "€": "EUR", "₸": "KZT", "₽": "RUB"}
MULTIPLIERS = (("тыс", 10**3), ("мың", 10**3), ("мын", 10**3), ("thousand", 10**3), ("млн", 10**6), ("миллион", 10**6),
               ("million", 10**6), ("млрд", 10**9), ("миллиард", 10**9), ("billion", 10**9))  # fmt: skip
MULTIPLIER = tuple((fold(stem), factor) for stem, factor in MULTIPLIERS)
NUMERALS = {
    1: "один одного одному одна одну бір біреу one", 2: "два две двое двух двоих двум екі екеу екеуі екеуін two both",
    3: "три трое трех троих трем үш үшеу үшеуі үшеуін three", 4: "четыре четверо четырех четверых төрт төртеу four",
    5: "пять пятеро пяти пятерых бес бесеу five", 6: "шесть шестеро шести шестерых алты алтау six",
    7: "семь семеро семи семерых жеті жетеу seven", 8: "восемь восьми восьмерых сегіз eight",
    9: "девять девяти тоғыз nine", 10: "десять десяти десятерых он ten", 11: "одиннадцать одиннадцати eleven",
    12: "двенадцать двенадцати twelve dozen дюжина", 13: "тринадцать тринадцати thirteen",
    14: "четырнадцать четырнадцати fourteen", 15: "пятнадцать пятнадцати fifteen",
    16: "шестнадцать шестнадцати sixteen", 17: "семнадцать семнадцати seventeen",
    18: "восемнадцать восемнадцати eighteen", 19: "девятнадцать девятнадцати nineteen",
    20: "двадцать двадцати жиырма жиырмаға twenty", 30: "тридцать тридцати отыз отызға thirty",
    40: "сорок сорока қырық forty", 50: "пятьдесят пятидесяти елу елуге fifty",
    60: "шестьдесят шестидесяти алпыс sixty",
    70: "семьдесят семидесяти жетпіс seventy", 80: "восемьдесят восьмидесяти сексен eighty",
    90: "девяносто тоқсан ninety", 100: "сто ста жүз hundred", 200: "двести двухсот", 300: "триста трехсот",
}  # fmt: skip
# "он" is ten in Kazakh and "he" in Russian: it counts only before another Kazakh numeral or noun.
DOUBTFUL = {fold("он"): 10}
NUMERAL = {fold(word): number for number, words in NUMERALS.items() for word in words.split()}
HAPPENED = ("act.detain", "act.arrest", "act.fine", "act.charge", "act.try", "act.sentence", "act.attack", "act.threat",
            "act.search", "act.torture", "act.abduct", "act.ban", "act.dismiss", "hedge.eased")  # fmt: skip
NUMBER = re.compile(r"[0-9]{1,3}(?:[.,\u00a0][0-9]{3})+|[0-9]+(?:[.,][0-9]+)?")
MOST_PEOPLE = 100_000
AHEAD = 3
# What stands between a number and a noun that it does not count: "the 6th from lawyer", "23, a blogger".
BETWEEN = frozenset({"th", "st", "nd", "rd", "from", "in", "on", "at", "by", "and", "for", "the", "a", "he", "she",
                     "years", "year", "в", "на", "с", "и", "из", "по", "у", "за", "до", "летнии", "лет", "года",
                     "году", "жаста", "жастагы", "суток", "сутки", "таулик", "days", "дней"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sum:
    """An amount of money: `currency` is an ISO 4217 code, or "MCI" for monthly calculation indices (МРП, АЕК)."""

    amount: float
    currency: str
    start: int
    end: int


def sums(tokens: Tokens) -> list[Sum]:
    """The amounts of money in a text, in order, none twice at one place."""
    found = []
    place = 0
    folds = tokens.fold
    while place < len(folds):
        if not (folds[place][:1].isdigit() or folds[place] in NUMERAL):
            place += 1
            continue
        amount, after = _amount(tokens, place)
        if amount is None:
            place += 1
            continue
        currency, end = _currency(tokens, place, after)
        if currency:
            found.append(Sum(amount, currency, tokens.start[place], tokens.end[end]))
        place = after
    return found


def _amount(tokens: Tokens, place: int) -> tuple[float | None, int]:
    """The number that begins at `place`, with its multiplier, and the token after it."""
    value, after = _number(tokens, place)
    if value is None:
        return None, place
    if after < len(tokens) and tokens.sentence[after] == tokens.sentence[place]:
        for stem, factor in MULTIPLIER:
            if tokens.fold[after].startswith(stem):
                return value * factor, after + 1
    return value, after


def _number(tokens: Tokens, place: int) -> tuple[float | None, int]:
    """A number in digits ("1,6", "1 166 800") or words ("сорок два"), and the token after it."""
    folded = tokens.fold[place]
    if folded in NUMERAL:
        value, after = NUMERAL[folded], place + 1
        while after < len(tokens) and tokens.fold[after] in NUMERAL and NUMERAL[tokens.fold[after]] < value:
            value, after = value + NUMERAL[tokens.fold[after]], after + 1
        return float(value), after
    if not NUMBER.fullmatch(folded):
        return None, place
    digits, after = folded, place + 1
    while (
        after < len(tokens)
        and len(digits) < 13
        and re.fullmatch("[0-9]{3}", tokens.fold[after])
        and tokens.text[tokens.end[after - 1] : tokens.start[after]] in (" ", "\u00a0", "\u202f")
        and re.fullmatch("[0-9]{1,3}(?:[0-9]{3})*", digits)
    ):
        digits, after = digits + tokens.fold[after], after + 1
    if re.fullmatch("[0-9]{1,3}(?:[.,\u00a0][0-9]{3})+", digits):
        return float(re.sub("[^0-9]", "", digits)), after
    return float(digits.replace(",", ".")[:30]), after


def _currency(tokens: Tokens, first: int, after: int) -> tuple[str | None, int]:
    """The currency of the number from `first` to before `after`, and the last token of the sum."""
    start = tokens.start[first]
    sign = SIGNS.get(tokens.text[start - 1 : start] if start else "") or SIGNS.get(
        tokens.text[tokens.end[after - 1] :].lstrip()[:1]
    )
    if sign:
        return sign, after - 1
    for place in (after, after + 1, first - 1):
        if 0 <= place < len(tokens) and tokens.sentence[place] == tokens.sentence[first]:
            if place == after + 1 and not tokens.fold[after].startswith(("америк", "us", "казахст", "месячн", "айлык")):
                continue
            if place < first and tokens.fold[place].upper() not in CURRENCIES:
                continue
            for stem, code in CURRENCY:
                if tokens.fold[place].startswith(stem):
                    return code, max(place, after - 1)
    return None, after - 1


def people(scene: Scene) -> int | None:
    """How many people the acts of the text befell: the number of persons nearest to an act, the first of equal ones."""
    tokens = scene.reading.tokens
    acts: dict[int, list[int]] = {}
    for match in scene.reading.matches:
        if match.concept.startswith(HAPPENED):
            acts.setdefault(tokens.sentence[match.first], []).append(match.first)
    best: tuple[int, int, int] | None = None
    for place, number in _persons(tokens):
        near = acts.get(tokens.sentence[place])
        if near:
            gap = min(abs(place - act) for act in near)
            candidate = (gap // 4, place, number)
            best = min(best, candidate) if best else candidate
    return best[2] if best else None


@cache
def _stems(kind: str) -> tuple[str, ...]:
    words = yaml.safe_load((models_folder() / "fields" / "persons.yaml").read_text("utf-8"))[kind]
    return tuple(fold(stem) for stems in words.values() for stem in stems)


def _persons(tokens: Tokens) -> Iterator[tuple[int, int]]:
    """(token, number) of each number that counts people."""
    place, folds = 0, tokens.fold
    while place < len(folds):
        if not (folds[place][:1].isdigit() or folds[place] in NUMERAL or folds[place] in DOUBTFUL):
            place += 1
            continue
        value, after = _number(tokens, place)
        if value is None and tokens.fold[place] in DOUBTFUL and not tokens.capital[place]:
            value, after = _kazakh_ten(tokens, place)
        if value is None:
            place += 1
            continue
        if 0 < value < MOST_PEOPLE and value == int(value) and _counts_persons(tokens, place, after):
            yield place, int(value)
        place = after


def _kazakh_ten(tokens: Tokens, place: int) -> tuple[float | None, int]:
    after = place + 1
    if after < len(tokens) and NUMERAL.get(tokens.fold[after], 10) < 10:
        return 10.0 + NUMERAL[tokens.fold[after]], after + 1
    noun = after < len(tokens) and tokens.fold[after].startswith(("адам", "белсенд"))
    return (10.0, after) if noun else (None, place)


def _counts_persons(tokens: Tokens, place: int, after: int) -> bool:
    if place and month_of(tokens.fold[place - 1]):
        return False
    for ahead in range(after, min(after + AHEAD, len(tokens))):
        if tokens.sentence[ahead] != tokens.sentence[place]:
            return False
        folded = tokens.fold[ahead]
        if folded.startswith(_stems("persons")) and not folded.startswith(_stems("not_persons")):
            return True
        if (
            folded[:1].isdigit()
            or folded in BETWEEN
            or month_of(folded)
            or folded.startswith(tuple(stem for stem, _ in CURRENCY))
        ):
            return False
    return False
