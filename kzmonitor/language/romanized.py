"""Kazakh written without its own Cyrillic letters, given them back.

Kazakh on the web stands in five other dresses: the Latin alphabets of 2017 (apostrophes: a' n' y'), 2018 (acutes:
á ń ý, with sh and ch) and 2021 (umlauts: ä ñ ū, with ı for і), plain ASCII (q or k, zh or j, gh or g), and
Cyrillic typed on a Russian keyboard. Vowel harmony tells most lost letters: a word keeps to back vowels (а о ұ ы,
with қ ғ) or to front ones (ә ө ү і, with к г).
"""

import re
import unicodedata

APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼʻ`´′", "'"))
DIGRAPHS = {
    "a'": "ә", "o'": "ө", "u'": "ү", "n'": "ң", "g'": "ғ", "s'": "ш", "c'": "ч", "y'": "у", "i'": "и",
    "sh": "ш", "ch": "ч", "zh": "ж", "kh": "х", "gh": "ғ", "ya": "я", "yu": "ю",
}  # fmt: skip
DIGRAPH = re.compile("|".join(DIGRAPHS))
COMMON = dict(zip("abdefghjklmnopqrstuvwxyz", "абдефгһжклмнопқрстувухыз", strict=True))
# The acute alphabet keeps u for ұ and ý for у, and has ı for и; that of 2021 has u for у, ū for ұ, and ı for і.
UMLAUT = COMMON | dict(zip("äğñöşūüiıcç", "әғңөшұүиіцч", strict=True))
ACUTE = COMMON | dict(zip("áǵńóúýuiıc", "әғңөүуұіиц", strict=True))
PLAIN = COMMON | {"i": "и", "c": "ц"}
WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]*)*")
VOWELS = "аәеоөуұүыі"
# What a Latin Kazakh word shows and an English one hardly ever: q without u, a letter of the newer alphabets, y as a
# vowel between consonants, and the endings of cases, plurals and past tenses.
KAZAKH_MARK = re.compile(
    r"q(?!u[aeiou])|[äöüñūışğǵń]|[aoungsyi]'(?=[a-z])|n'$"
    r"|(?<=[bdfghjklmnpqrstvz])y(?=[bdfghjklmnpqrstvz])|(?<=[dtlnsrqjpmgz])y$"
    r"|(?:[ljdrp]di|pti|sti|gen|gan|ghan|qan|ken|dan|tan|men|dar|tar|leri|deri|teri|nda|nde|lik|dik|shi)$"
)
# ... and what it never shows: x and ch, letters of Azerbaijani, Turkmen and Slavic alphabets, Uzbek words and endings.
NOT_KAZAKH_MARK = re.compile(r"x|ch|[əžňčřěłąęß]|(?:ning|moqda|digan)$")
UZBEK = frozenset(
    {
        "va", "bilan", "uchun", "ham", "hamda", "har", "hech", "haqida", "emas", "edi", "bo'ldi", "bo'lib",
        "bo'lgan", "yil", "qildi", "qilindi", "ekan", "ushbu", "lekin", "yoki", "bo'yicha", "tomonidan",
        "to'g'risida", "deb", "ma'lum", "o'z", "o'zbekiston", "sud"
    }
)  # fmt: skip


def harmonize(word: str) -> str:
    """One lower-case word in Russian letters (а for ә, у for ұ and ү, и for і, к for қ, ...) in Kazakh ones."""
    front = bool(re.search("[еиіэ]", word)) and "ы" not in word and word.count("а") < 2
    if front:
        word = re.sub(rf"(?<![{VOWELS}и])и(?![{VOWELS}и])", "і", word)
        word = re.sub("^([бджкглмнпрстшз]?)о(?=[бдгжклмнпрстшз]+[еі])", r"\1ө", word)
        word = re.sub("^([бджкглмнпрстшз]?)у(?=[бдгжклмнпрстшз])", r"\1ү", word)
        word = re.sub("^([бджкглмнпрстшз]?)а(?=[бдгжклмнпрстшз]+[еі])", r"\1ә", word)
        return re.sub("(?<=[нд]і)н$|(?<=[^аеоуыіи]ті)н$", "ң", word)
    word = re.sub("^([бджкглмнпрстшз]?)у(?=[бдгжклмнпрстшз])", r"\1ұ", word)
    word = re.sub("к(?=[аоұуы])|(?<=[аоұуы])к|к(?=[^аеоуыіи][аоұуы])", "қ", word)
    word = re.sub("г(?=[аоұуы])|(?<=[аоұуы])г(?=[аоұуы])", "ғ", word)
    return re.sub("(?<=[нд]ы)н$|(?<=[^аеоуыіи]ты)н$", "ң", word)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).translate(APOSTROPHES)


def _spell(word: str, letters: dict[str, str]) -> str:
    word = DIGRAPH.sub(lambda match: DIGRAPHS[match[0]], word)
    word = "".join(letters.get(letter, letter) for letter in word)
    # й is i, ı or y after a vowel; уы is left, since it ends every noun of action with its owner (qorgaluy).
    return re.sub("(?<=[аәеоөұү])[иіы](?!$)|(?<=[аәеоөү])[иіы]$|(?<=у)[иі]", "й", word)


def to_cyrillic(text: str) -> str:
    """Latin Kazakh of any alphabet in lower-case Cyrillic, as near as can be told: to compare, not to read."""
    text = _plain(text).lower().replace("i\u0307", "i")
    if re.search("[äğñöşūüı]", text) and not re.search("[áǵńóúý]", text):
        return WORD.sub(lambda match: _spell(match[0], UMLAUT), text)
    if re.search("[áǵńóúý]|[aoungy]'", text):
        return WORD.sub(lambda match: _spell(match[0], ACUTE), text)
    return WORD.sub(lambda match: harmonize(_spell(match[0], PLAIN)), text)


def kazakh_marks(words: list[str]) -> float:
    """Share of `words` (lower case, ASCII apostrophes) that look Kazakh, less the share that cannot be."""
    kazakh = sum(bool(KAZAKH_MARK.search(word)) for word in words)
    foreign = sum(word in UZBEK or bool(NOT_KAZAKH_MARK.search(word)) for word in words)
    return (kazakh - foreign) / (len(words) or 1)


def latin_words(text: str) -> list[str]:
    """Words of `text`, every kind of apostrophe written as the ASCII one and kept inside its word."""
    return WORD.findall(_plain(text))


def restore(text: str) -> str:
    """Kazakh typed with Russian letters only, in lower case with its own letters back as near as can be told."""
    return WORD.sub(lambda match: harmonize(match[0]), text.lower())
