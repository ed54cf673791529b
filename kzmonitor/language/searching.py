"""Words as a search index keeps them: one stem in plain Latin letters for a word's forms, in either script.

A Russian word is brought to its dictionary form (pymorphy3), a Kazakh one loses its endings one after the other, an
English one its ending; what is left is spelled by sound (`names.skeleton`), so that Жовтис, Jovtis and Zhovtis are one
word, and loses end vowels, so that Алматы and Almaty are. A text is read in its language; a word that somebody asks for
may be of any of them, and stands for all its readings.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from kzmonitor.language.names import POSSESSED, RUSSIAN_LETTERS, dictionary_forms, skeleton
from kzmonitor.language.romanized import to_cyrillic
from kzmonitor.language.tokens import CYRILLIC, ENGLISH_ENDINGS, TOKEN, Tokens, fold, tokenize

# A tsvector holds up to 1 MB, and positions up to 16,383: what stands further back in a text is not searched.
MOST_WORDS = 12_000
LONGEST_STEM = 24
LONGEST_WORD = 60
READ_WORDS = 200_000
MOST_SENSES = 2
VOWELS = "aeiou"
FOLDED_VOWELS = "аеиоуы"
PART = re.compile(r"[^\W_]+")
# Kazakh endings, taken off one after the other from the end of a word: cases, plural, possession, and the commonest
# forms of verbs. Those of the second list stand after voiceless consonants only.
KAZAKH = (
    "лар лер дар дер ның нің дың дің мен бен ға ге на не ны ні ды ді да де дан ден нан нен дағы дегі нікі дікі "
    "дық дік лық лік дығ діг лығ ліг дай дей ында інде сында сінде ындағы індегі ынан інен ына іне сына сіне "
    "ымыз іміз ыңыз іңіз мыз міз ым ім ың ің сын сін ын ін сы сі ы і "
    "ған ген ады еді йды йді ып іп алды елді ылды ілді алған елген ылған ілген тады теді татылды уда уде уы уі у"
)
KAZAKH_VOICELESS = "тар тер тың тің пен қа ке ты ті та те тан тен тағы тегі тікі тық тік тығ тіг тай тей қан кен"
KAZAKH_ENDING = re.compile(
    "(?:" + "|".join(sorted(map(fold, KAZAKH.split()), key=len, reverse=True)) + ")$"
    "|(?<=[кптсшхфчв])(?:" + "|".join(sorted(map(fold, KAZAKH_VOICELESS.split()), key=len, reverse=True)) + ")$"
)
KAZAKH_LEAST = 3
KAZAKH_ROUNDS = 5
# What the last consonant of a stem turns into before an ending: құқық, құқығы; кітап, кітабы; журналист, журналистің.
KAZAKH_LAST = ((re.compile("г$"), "к"), (re.compile("б$"), "п"), (re.compile("ст$"), "с"))
# A Russian word in Latin letters, as it is typed where there is no other keyboard; longest first.
TYPED = (
    ("shch", "щ"), ("sch", "щ"), ("zh", "ж"), ("kh", "х"), ("ts", "ц"), ("ch", "ч"), ("sh", "ш"), ("yu", "ю"),
    ("ya", "я"), ("yo", "ё"), ("ye", "е"), ("iy", "ий"), ("yy", "ый"), ("ay", "ай"),
    ("ey", "ей"), ("oy", "ой"), ("uy", "уй"), ("'", "ь"),
    *zip("abcdefghijklmnopqrstuvwxyz", "абкдефгхижклмнопкрстуввхыз", strict=True),
)  # fmt: skip


class Place(NamedTuple):
    """A word of a text: its characters from `start` to `end`, and its stems, one for each sense that it may have."""

    start: int
    end: int
    stems: tuple[str, ...]


def places(tokens: Tokens, language: str, most: int = MOST_WORDS) -> Iterator[Place]:
    """The first words of a text in order, parts of hyphenated ones by themselves. language: that of the text."""
    spots = zip(tokens.start, tokens.end, tokens.fold, strict=True)
    return _first(most, (_read(tokens.text[start:end], start, language, folded) for start, end, folded in spots))


def _plain_places(text: str, language: str) -> Iterator[Place]:
    """The same of a text in the script of its language, which need not be folded."""
    words = (match for match in TOKEN.finditer(text) if match.lastgroup != "stop")
    return _first(MOST_WORDS, (_read(match[0], match.start(), language) for match in words))


def _read(word: str, start: int, language: str, folded: str = "") -> list[Place]:
    if language == "kk" and CYRILLIC.search(folded) and not CYRILLIC.search(word):
        # Kazakh in Latin letters comes folded as Cyrillic.
        return [Place(start, start + len(word), (kazakh(folded),))]
    if word.isalnum():
        return [Place(start, start + len(word), stems(word, language))]
    return [Place(start + one.start(), start + one.end(), stems(one[0], language)) for one in PART.finditer(word)]


def _first(most: int, words: Iterable[list[Place]]) -> Iterator[Place]:
    """The places of words until there are so many."""
    given = 0
    for found in words:
        yield from found
        given += len(found)
        if given >= most:
            return


def search_vector(title: str, body: str, language: str) -> str:
    """The text of a `tsvector`: each stem with its places, those of the title of weight A, others of weight B.

    Made here and not by `to_tsvector`, it is what the `simple` configuration would make of the stems."""
    title, body = storable(title), storable(body)
    # Kazakh may be in Latin letters, which the tokens know.
    is_kazakh = language == "kk"
    read = places(tokenize(title, body), language) if is_kazakh else _plain_places(f"{title}\n{body}", language)
    found: dict[str, list[str]] = {}
    for number, place in enumerate(read, 1):
        spot = f"{number}{'A' if place.start < len(title) else 'B'}"
        for stem in place.stems:
            found.setdefault(stem, []).append(spot)
    return " ".join(f"{quoted(stem)}:{','.join(spots)}" for stem, spots in sorted(found.items()) if stem)


def names_vector(names: list[str]) -> str:
    """The `tsvector` of somebody's names, each word with all its readings."""
    stems = {stem for name in names for word in PART.findall(storable(name)) for stem in readings(word)}
    return " ".join(quoted(stem) for stem in sorted(stems))


def quoted(stem: str) -> str:
    """A lexeme as `tsvector` and `tsquery` read it, whatever is in it."""
    return "'" + stem.replace("\\", "\\\\").replace("'", "''") + "'"


def stems(word: str, language: str) -> tuple[str, ...]:
    """The stems of one word of a text in this language, at least one."""
    if word.isdecimal():
        return (word.lstrip("0")[:LONGEST_STEM] or "0",)
    return _stems(word.lower()[:LONGEST_WORD], "kk" if language in ("kk", "ky") else "ru")


def readings(word: str) -> tuple[str, ...]:
    """The stems of a word that somebody asks for, whichever language and script it was typed in."""
    if word.isdecimal():
        return stems(word, "ru")
    lower = word.lower()[:LONGEST_WORD]
    found = [*_stems(lower, "ru"), *_stems(lower, "kk")]
    if not CYRILLIC.search(lower):
        found += [*_stems(typed(lower), "ru"), kazakh(fold(to_cyrillic(lower)))]
    return tuple(dict.fromkeys(stem for stem in found if stem))


def typed(word: str) -> str:
    """A Latin word in the Russian letters that it was perhaps meant in."""
    for latin, letter in TYPED:
        word = word.replace(latin, letter)
    return word


@lru_cache(READ_WORDS)
def _stems(word: str, language: str) -> tuple[str, ...]:
    if not CYRILLIC.search(word):
        # A name may end like a plural: Zhovtis.
        forms: tuple[str, ...] = (word, ENGLISH_ENDINGS.sub("", word) if len(word) > 4 else word)
    elif language == "kk":
        return (kazakh(fold(word)) or _bare("", word),)
    else:
        forms = dictionary_forms(word.translate(RUSSIAN_LETTERS))[:MOST_SENSES]
        if POSSESSED.search(word):
            # A surname that the dictionary takes for a form of another word: Токаев for tokays.
            forms = (*forms, word)
    return tuple(dict.fromkeys(_bare(skeleton(form), word) for form in forms))


def kazakh(folded: str) -> str:
    """The stem of a folded Kazakh word: what is left without its endings."""
    for _round in range(KAZAKH_ROUNDS):
        found = KAZAKH_ENDING.search(folded, KAZAKH_LEAST)
        if found is None:
            break
        folded = folded[: found.start()]
    folded = folded[:2] + folded[2:].rstrip(FOLDED_VOWELS)
    for last, letter in KAZAKH_LAST:
        folded = last.sub(letter, folded)
    return _bare(skeleton(folded), folded) if folded else ""


def _bare(bones: str, word: str) -> str:
    """A skeleton without end vowels; the word itself where it has letters of no script that is spelled by sound."""
    stem = bones[:2] + bones[2:].rstrip(VOWELS)
    return (stem or "".join(letter for letter in word if letter.isalnum()))[:LONGEST_STEM]


def storable(text: str) -> str:
    """A text that a database can hold: without halves of surrogate pairs."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
