"""Names of people: one skeleton for every spelling, and the case forms of Russian and Kazakh.

A skeleton is a name in plain Latin letters, the same for Жовтис, Jovtis and Zhovtis, for Қасенов, Касенов and Kassenov.
Russian case forms come from pymorphy3, which also guesses how a name that its dictionary lacks declines; Kazakh ones,
for which there is no such library, from suffix rules.
"""

import re
import unicodedata
from functools import cache, lru_cache
from itertools import takewhile
from typing import Any

import yaml
from pymorphy3 import MorphAnalyzer
from pymorphy3.analyzer import Parse

from kzmonitor.config import models_folder
from kzmonitor.language.tokens import fold

CYRILLIC = str.maketrans(dict(zip("абвгджзиыклмнопрстуфхчшей", "abvgdjziiklmnoprstufhcwei", strict=True)))
# Longest first: what the Latin spellings of one sound are written as here (c is ч, w is ш, h is х).
LATIN = (
    ("shch", "w"), ("dzh", "j"), ("zh", "j"), ("kh", "h"), ("gh", "g"), ("sh", "w"), ("tch", "c"), ("ch", "c"),
    ("ts", "s"), ("dj", "j"), ("ye", "e"), ("yo", "e"), ("ya", "ia"), ("yu", "iu"), ("y", "i"), ("q", "k"), ("x", "ks"),
)  # fmt: skip
TWICE = re.compile(r"(.)\1+")
NOT_LETTER = re.compile("[^a-z]")
POSSESSIVE = re.compile("(?:'s|’s|['’])$")

# Kazakh case endings in skeleton letters: they stand after the whole name.
KAZAKH = (
    *("nin", "din", "tin", "ga", "ge", "ka", "ke", "na", "ne", "di", "ti", "ni", "n", "da", "de", "ta", "te"),
    *("dan", "den", "tan", "ten", "nan", "nen", "men", "ben", "pen", "dar", "der", "tar", "ter", "lar", "ler"),
    *("dagi", "degi", "tagi", "tegi", "niki", "diki", "tiki", "mis", "pis"),
)
# A voiceless ending stands after a consonant only.
KAZAKH_AFTER_VOWEL = tuple(ending for ending in KAZAKH if ending[0] not in "ktp")
# A surname that shows what it is: Russian and Kazakh endings of the nominative, and the letters that may follow.
FAMILY = re.compile(
    r"[a-z]{2,}(?:(?:[oe]v|[^aeiou]in)(?:a|u|e|im|oi|oiu|i|ih)?|sk(?:i|aia|oi|ogo|omu|im|uiu)|enko"
    r"|(?:uli|kizi|tegi|bai|bek|kan|han|jan|berdi|geldi|kali|gali))"
    r"(?:nin|din|tin|ga|ge|ka|ke|di|ti|ni|da|de|ta|te|dan|den|tan|ten|nan|nen|men|ben|pen|na|ne|n)?"
)


# The case endings of Kazakh after a surname or patronymic that is whole without them.
KAZAKH_LETTER = re.compile("[әғқңөұүіһ]", re.IGNORECASE)
KAZAKH_CASE = re.compile(
    "(?<=[оеё]в|ин|ва|на|ұл|ай|ек|ан|лы|зы|ий|ли)"
    "(?:н[ыі]ң|д[ыі]ң|т[ыі]ң|[гғкқ][ае]|н[ыі]|д[ыі]|т[ыі]|н[ае]|[дт][ае]н|нан|нен|[дт][ае]|[мбп]ен)$"
)
CYRILLIC_NAME = re.compile("[а-яё]+(?:-[а-яё]+)*")
# Russian texts decline Kazakh names by the Russian letters that they write for the Kazakh ones.
RUSSIAN_LETTERS = str.maketrans("әғқңөұүіһ", "агкноууих")
CASES = ("gent", "datv", "accs", "ablt", "loct")
# pymorphy3 knows few bare Kazakh names, which many families bear without -ов or -ин, and takes some for other words:
# Жаная for an adjective, Адиль for a woman's name, Аян for a form of a verb. Where it offers no man's noun, these
# endings of masculine nouns are tried: (end of the nominative, what oblique cases have in its place).
MASCULINE = (
    ("й", re.compile("(?<=[аеоуэюя])(?:я|ю|ем|е)$")),
    ("ь", re.compile("(?<=[лнр])(?:я|ю|ем)$")),
    ("", re.compile("(?<=[бвгджзклмнпрстфхцчшщ])(?:а|у|ом|ем|е)$")),
)
# Likewise what stands in place of the last letter of a nominative that it takes for none (Мира, Жансая, Адиль).
SOFT_ENDINGS = ("я", "ю", "ем", "е")
HARD_ENDINGS = ("а", "у", "ом", "ем", "е")
ENDINGS = {
    "а": ("ы", "е", "у", "ой", "ою", "ей"), "я": ("и", "е", "ю", "ей", "ею"), "й": SOFT_ENDINGS, "ь": SOFT_ENDINGS,
}  # fmt: skip
# It takes Азаматов for many Azamats, Кириллова for a village's, Олеговой for an adjective: surnames, all of them, here.
POSSESSED = re.compile("(?:[оеё]в|ин)а?$")
POSSESSED_ENDINGS = {False: ("а", "у", "ым", "ом", "е", "ы", "ых"), True: ("ой", "ою", "у", "ы", "ых")}
POSSESSED_WOMAN = re.compile("(?<=[оеё]в|ин|ын)(?:ой|ою|у)$")
# Letters that a dictionary form may end with and other forms need not have.
SOFT_END = "аеиоуыэюяйь"
ADJECTIVES = ("ский", "ской", "цкий", "цкой")
READ_WORDS = 50_000


_skeletons: dict[str, str] = {}


def skeleton(word: str) -> str:
    """The skeleton of one word in either script, folded or not; "" when it has no letters."""
    found = _skeletons.get(word)
    if found is None:
        if len(_skeletons) > 100_000:
            _skeletons.clear()
        found = _skeletons[word] = _skeleton(word)
    return found


def _skeleton(word: str) -> str:
    word = POSSESSIVE.sub("", fold(word))
    if word.isascii() or word[0] < "а":
        word = unicodedata.normalize("NFKD", word.replace("ı", "i").replace("ş", "sh"))
        word = "".join(letter for letter in word if letter.isascii())
        for spelled, letter in LATIN:
            word = word.replace(spelled, letter)
    else:
        word = word.translate(CYRILLIC).replace("dj", "j")
    return TWICE.sub(r"\1", NOT_LETTER.sub("", word))


@cache
def _dictionary() -> MorphAnalyzer:
    return MorphAnalyzer()


def _parses(word: str) -> list[Parse]:
    """What the dictionary makes of a word. It asks for the names of letters, which those of some scripts (Tangut) lack:
    they are left out then."""
    try:
        found: list[Parse] = _dictionary().parse(word)
    except ValueError:
        found = _dictionary().parse("".join(letter for letter in word if unicodedata.name(letter, "")))
    return found


def dictionary_forms(word: str) -> tuple[str, ...]:
    """The dictionary forms that a Russian word in small letters may have, at least one, the most sensible first: of a
    known word the shortest likely one (судов is of суд before it is of судно), of another, which is most often a name,
    the longest that the word begins with (Жанаозене is of Жанаозен)."""
    found = _parses(word)
    likely = found[0].score / 3
    known = found[0].is_known

    def order(reading: Parse) -> tuple[bool, bool, int]:
        form = reading.normal_form
        if known:
            return reading.score < likely, False, len(form)
        return reading.score < likely, not word.startswith(form.rstrip(SOFT_END)), -len(form)

    return tuple(dict.fromkeys(one.normal_form for one in sorted(found, key=order)))


@lru_cache(READ_WORDS)
def _readings(word: str) -> tuple[Parse, ...]:
    """The readings of a word in small Russian letters as a noun, or as a surname like Осиновская, in the singular:
    surnames, first names, others, and the shortest first (Болату is from Болат, not from Болата)."""
    found = [one for one in _parses(word) if one.tag.number == "sing"]
    found = [one for one in found if one.tag.POS == "NOUN" or _is_surname(one)]
    return tuple(sorted(found, key=lambda one: (not _is_surname(one), "Name" not in one.tag, len(one.normal_form))))


def _is_surname(reading: Parse) -> bool:
    return "Surn" in reading.tag or (reading.tag.POS == "ADJF" and reading.normal_form.endswith(ADJECTIVES))


def _of(sex: str, reading: Parse) -> bool:
    return reading.tag.gender == sex or "ms-f" in reading.tag


@lru_cache(READ_WORDS)
def forms(name: str, woman: bool | None = None) -> frozenset[str]:
    """The skeletons of `name` (one word, nominative) in all cases of Russian and Kazakh. `woman`: whose name it is,
    None where that is not known; a surname that shows it (Вертинская) is believed more."""
    whole = skeleton(name)
    endings = KAZAKH_AFTER_VOWEL if whole[-1:] in "aeiou" else KAZAKH
    russian = name.lower().translate(RUSSIAN_LETTERS)
    declined = _declined(russian, woman) if CYRILLIC_NAME.fullmatch(russian) else set()
    return frozenset({whole} | {skeleton(form) for form in declined} | {whole + ending for ending in endings})


def _declined(word: str, woman: bool | None) -> set[str]:
    readings = [one for one in _readings(word) if one.tag.case == "nomn" and _is_believed(one, woman)]
    proper = [one for one in readings if _is_surname(one) or "Name" in one.tag]
    if not proper and not POSSESSED.search(word):
        proper = readings
    if woman is not None:
        fit = [one for one in proper if _of("femn" if woman else "masc", one)]
        proper = fit or [one for one in proper if not woman and (_is_surname(one) or word[-1] in "ая")]
    if proper:
        return {form.word for one in proper for form in one.lexeme if _is_form(form, one, woman)}
    last = word[-1:]
    stem = word[:-1] if last in ENDINGS else word
    if POSSESSED.search(word):
        endings: tuple[str, ...] = POSSESSED_ENDINGS[last == "а"]
    elif last in "еёиоуыэю" or (woman and last not in "ая"):
        endings = ()  # A woman's name that ends like a man's has no cases.
    else:
        endings = ENDINGS.get(last, HARD_ENDINGS)
    return {word} | {stem + ending for ending in endings}


def _is_believed(name: Parse, woman: bool | None) -> bool:
    """No reading without cases is, but for a surname (Борейко) and a woman's first name (Айгерим)."""
    return "Fixd" not in name.tag or "Surn" in name.tag or bool(woman)


def _is_form(form: Parse, name: Parse, woman: bool | None) -> bool:
    """Whether `form` of the lexeme of `name` is the same person's: families have a plural, first names need none."""
    if form.tag.number == "plur":
        return _is_surname(name) and bool(POSSESSED.search(name.word) or name.word.endswith(("ий", "ой", "ая")))
    return woman is None or form.tag.gender == name.tag.gender


@cache
def first_names() -> dict[str, tuple[str, bool]]:
    """Each form of a known first name -> (the name, whether it is a woman's). A man's name wins over a woman's form."""
    path = models_folder() / "gazetteer" / "names" / "given.yaml"
    listed: dict[str, list[str]] = yaml.safe_load(path.read_text("utf-8"))
    found: dict[str, tuple[str, bool]] = {}
    for sex in ("male", "female"):
        for name in listed[sex]:
            for form in forms(name, sex == "female"):
                found.setdefault(form, (name, sex == "female"))
    exact = {skeleton(name): (name, sex == "female") for sex in ("female", "male") for name in listed[sex]}
    return found | exact


def is_family_name(word: str) -> bool:
    """Whether a word bears the ending of a Russian or Kazakh surname or patronymic."""
    return bool(FAMILY.fullmatch(skeleton(word)))


def nominative(first: str, last: str) -> tuple[str, str]:
    """A person's first and last name, as written in some Russian or Kazakh case, in the nominative where it can be
    told. A surname without a known first name comes back as it is if it may be two people's (Токаева)."""
    last = POSSESSIVE.sub("", last)
    if KAZAKH_LETTER.search(first + last) or len(last) > 7:
        last = KAZAKH_CASE.sub("", last)
    if not re.fullmatch("[а-яёА-ЯЁ-]+", first + last):
        return first, last
    known = first_names().get(skeleton(first))
    if known is None:
        return first, _surname(last, None)
    name, woman = known
    if skeleton(first) == skeleton(name):
        name = first
        # Only names that have no cases (Гани, Сейтказы) leave open which one the surname of a man is in.
        if not woman and name[-1] not in "еиоуыэю":
            return name, last
        return name, _surname(last, woman)
    readings = [one for one in _readings(first.lower()) if skeleton(one.normal_form) == skeleton(name)]
    if readings:
        name = _begun(first, readings[0], "femn" if woman else "masc")
    if woman:
        return name, _surname(last, woman)
    return name, _man_declined(last, {one.tag.case for one in readings} - {"nomn"} or set(CASES))


def _surname(written: str, woman: bool | None) -> str:
    """The nominative of a surname that may already be in it."""
    if woman is None and written[-1] in "ау":
        return written
    surnames = [one for one in _readings(written.lower()) if _is_surname(one)]
    sexes = ["masc", "femn"] if woman is None else ["femn" if woman else "masc"]
    likeliest = [one for one in surnames if one.normal_form == surnames[0].normal_form]
    fit = [(one, sex) for one in likeliest for sex in sexes if _of(sex, one)]
    if not fit and woman is not False:
        return POSSESSED_WOMAN.sub("а", written)
    if not fit or any(one.tag.case == "nomn" for one, _ in fit):
        return written
    return _begun(written, *fit[0])


def _man_declined(written: str, cases: set[str]) -> str:
    """The nominative of a man's surname that is in one of `cases`, as the first name shows."""
    for one in _readings(written.lower()):
        if _of("masc", one) and one.tag.case in cases:
            name = _begun(written, one, "masc")
            # What has one form in all cases is a surname (Борейко) or a wrong guess (Жалгасу).
            if name != written or "Surn" in one.tag:
                return name
    for ending, oblique in MASCULINE:
        if oblique.search(written):
            return oblique.sub(ending, written)
    return written


def _begun(written: str, reading: Parse, sex: str) -> str:
    """The nominative of `reading`, its beginning spelled as it was written: ё is often written е."""
    inflected = reading.inflect({"nomn", "sing", sex} if _is_surname(reading) else {"nomn", "sing"})
    word: str = inflected.word if inflected else reading.normal_form
    pairs = zip(written.lower().replace("ё", "е"), word.replace("ё", "е"), strict=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return written[:same] + word[same:]


def people() -> dict[str, dict[str, Any]]:
    """The people of the gazetteer by id: ru, kk, en, also (other spellings), of (civil or state), alone."""
    path = models_folder() / "gazetteer" / "names" / "people.yaml"
    listed: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text("utf-8"))
    return listed
