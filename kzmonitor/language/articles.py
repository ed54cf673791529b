"""Articles of law that a text cites: "ст. 274 УК", "460-1-бап", "Article 174 of the Criminal Code"."""

import re
from dataclasses import dataclass
from functools import cache

import yaml

from kzmonitor.config import models_folder
from kzmonitor.language.tokens import Tokens, fold

# "274", "460-1"; as one token or two ("274-бап" is a number and a word).
NUMBER = re.compile(r"[1-9][0-9]{1,2}(?:-[1-9])?")
# Words that make the number beside them an article; those of its parts; and those that name a code or another law.
ARTICLE = tuple(map(fold, ("стать", "бап", "баб", "article", "articles")))
ARTICLE_SHORT = frozenset(map(fold, ("ст", "art", "arts", "§", "бап", "бабы")))
PART = tuple(map(fold, ("част", "бөліг", "бөлік", "тармақ", "пункт", "paragraph", "part")))
PART_SHORT = frozenset({"ч", "п"})
CRIMINAL = tuple(map(fold, ("уголовн", "қылмыстық", "criminal", "penal")))
ADMINISTRATIVE = tuple(map(fold, ("административн", "әкімшілік", "administrative")))
OTHER_LAW = tuple(
    map(fold, ("конституц", "пакт", "конвенц", "налогов", "трудов", "салық", "еңбек", "covenant", "constitution",
               "convention", "tax", "labour", "labor", "гражданск", "civil", "universal", "декларац")),
)  # fmt: skip
# The codes of other countries have numbers too ("УК Беларуси").
ABROAD = tuple(map(fold, ("беларус", "росси", "рф", "кыргыз", "киргиз", "узбек", "ресей", "өзбек", "кр", "russia")))
SHORT_CODES = {"ук": "cc", "упк": "", "кк": "cc", "коап": "cao", "акбтк": "cao", "cc": "cc", "cao": "cao"}
BEFORE, AFTER = 8, 7
AND = frozenset({"и", "или", "жане", "and", "or", "мен", "пен", "бен"})
NAMES = {"cc": {"ru": "УК", "kk": "ҚК", "en": "CC"}, "cao": {"ru": "КоАП", "kk": "ӘҚБтК", "en": "CAO"}}


@dataclass(frozen=True, slots=True)
class Article:
    """An article as cited: `id` is "cc:274" (Criminal Code) or "cao:460-1" (Code of Administrative Offences)."""

    id: str
    start: int
    end: int

    def name(self, language: str) -> str:
        """As it is written in ru, kk or en: "УК 274"."""
        code, _, number = self.id.partition(":")
        return f"{NAMES[code][language]} {number}"


@cache
def subjects() -> dict[str, dict[str, str]]:
    """Id of each article that reports of pressure cite -> language -> what it is about."""
    path = models_folder() / "gazetteer" / "names" / "articles.yaml"
    listed: dict[str, dict[str, str]] = yaml.safe_load(path.read_text("utf-8"))
    return listed


@cache
def _codes() -> dict[str, str]:
    """Number of a listed article -> its code, where no other code of ours has that number."""
    codes: dict[str, list[str]] = {}
    for article in subjects():
        code, _, number = article.partition(":")
        codes.setdefault(number, []).append(code)
    return {number: found[0] for number, found in codes.items() if len(found) == 1}


def articles(tokens: Tokens) -> list[Article]:
    """The articles cited in a text, in order. The code is that named beside the number, else that of a listed article.

    A number counts when an article word stands beside it ("статья", "бап", "article"), when it ends as an ordinal
    ("по 274-й") and is listed, or when no other thing bears it ("460-1")."""
    found = []
    for place, folded in enumerate(tokens.fold):
        if folded[:1].isdigit() and NUMBER.fullmatch(folded) and _cited(tokens, place):
            code = _code(tokens, place)
            if code:
                found.append(Article(f"{code}:{folded}", tokens.start[place], tokens.end[place]))
    return found


def _near(tokens: Tokens, place: int, before: int, after: int) -> list[int]:
    sentence = tokens.sentence[place]
    ahead = [p for p in range(place + 1, min(place + 1 + after, len(tokens))) if tokens.sentence[p] == sentence]
    return ahead + [p for p in range(place - 1, max(place - 1 - before, -1), -1) if tokens.sentence[p] == sentence]


def _is_article(folded: str) -> bool:
    return folded in ARTICLE_SHORT or folded.startswith(ARTICLE)


def _is_part(folded: str) -> bool:
    return folded in PART_SHORT or folded.startswith(PART)


def _cited(tokens: Tokens, place: int) -> bool:
    words, number = tokens.fold, tokens.fold[place]
    if place and _is_part(words[place - 1]):
        return False
    after = words[place + 1] if place + 1 < len(words) else ""
    if _is_part(after):
        return False
    if _is_article(after) or (place and _is_article(words[place - 1])):
        return True
    if number in _codes() and ("-" in number or _is_ordinal(tokens, place)):
        return True
    # A list: "статей 174, 405 и 274", "274 және 400-баптар".
    return _in_list(tokens, range(place - 1, place - 6, -1)) or _in_list(tokens, range(place + 1, place + 6))


def _in_list(tokens: Tokens, places: range) -> bool:
    """Whether nothing but numbers stands between the first of `places` and an article word."""
    for place in places:
        if not 0 <= place < len(tokens) or tokens.sentence[place] != tokens.sentence[places[0]]:
            return False
        if _is_article(tokens.fold[place]):
            return True
        if not (NUMBER.fullmatch(tokens.fold[place]) or tokens.fold[place] in AND):
            return False
    return False


def _is_ordinal(tokens: Tokens, place: int) -> bool:
    return bool(re.match(r"-(?:й|я|ю|ой|ую)\b", tokens.text[tokens.end[place] : tokens.end[place] + 4]))


def _code(tokens: Tokens, place: int) -> str | None:
    """The code named nearest to the number (what follows it counts first), else that of a listed article."""
    for beside in _near(tokens, place, BEFORE, AFTER):
        folded = tokens.fold[beside]
        following = tokens.fold[beside + 1] if beside + 1 < len(tokens) else ""
        if folded in SHORT_CODES:
            return None if following.startswith(ABROAD) else SHORT_CODES[folded] or None
        is_code = following.startswith(("кодекс", "code", "offence", "правонаруш", "кукык"))
        if folded.startswith(CRIMINAL) and is_code:
            return "cc"
        if folded.startswith(ADMINISTRATIVE) and is_code:
            return "cao"
        if folded.startswith(OTHER_LAW):
            return None
    return _codes().get(tokens.fold[place])
