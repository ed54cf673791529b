"""Words of a text with their places, sentences and one folded form for Russian, Kazakh in any dress, and English.

Folding makes what differs only in spelling equal: case, stress marks, ё and е, Kazakh letters and the Russian ones
typed instead of them, Latin Kazakh and Cyrillic. It loses a little (Kazakh `сот` and Russian `сот` look alike) and is
only ever used to compare.
"""

import re
import unicodedata
from bisect import bisect_left
from dataclasses import dataclass, field

from kzmonitor.language.detect import detect
from kzmonitor.language.romanized import to_cyrillic

# Combining marks, soft hyphens and zero-width characters stay inside their word; hyphens and apostrophes join parts.
TOKEN = re.compile(
    r"(?P<word>[^\W\d_][^\W_]*(?:(?:[\u0300-\u036f\u00ad\u200b-\u200d]|[-'’ʼ`‑](?=[^\W\d_]))[^\W_]*)*)"
    r"|(?P<number>\d+(?:[.,:\-\u00a0]\d+)*)"
    r"|(?P<stop>[.!?…]+(?=[\s»\"”)\]]|$)|\n)"
)
OPENING = "«\"“„‟'‘#"
# A full stop after these ends no sentence; single letters (initials) are treated alike.
ABBREVIATIONS = frozenset(
    {"ст", "ч", "п", "г", "гг", "ул", "им", "обл", "тг", "тыс", "млн", "млрд", "руб", "просп", "пр", "см", "др", "св",
     "art", "no", "mr", "mrs", "ms", "dr", "st", "vs", "inc", "ltd"}
)  # fmt: skip

CYRILLIC = re.compile("[\u0400-\u052f]")
MARKS = re.compile("[\u0300-\u036f\u00ad\u200b-\u200d]")
_LETTERS = {
    "ё": "е", "э": "е", "й": "и", "щ": "ш", "ц": "с", "ь": "", "ъ": "", "я": "иа", "ю": "иу",
    "ә": "а", "ғ": "г", "қ": "к", "ң": "н", "ө": "о", "ұ": "у", "ү": "у", "һ": "х", "і": "и", "ї": "и",
}  # fmt: skip
FOLD = str.maketrans(_LETTERS)
# Latin letters inside a Cyrillic word were typed by mistake (or to hide from a search).
LOOK_ALIKES = str.maketrans("aeopcyxikhmtb", "аеорсухикнмтв")
ENGLISH_ENDINGS = re.compile(r"(?:'s|’s|ies|ing|ed|es|s|ly)$")
FUNCTION_WORDS = frozenset(
    {"the", "of", "and", "to", "in", "a", "for", "that", "on", "with", "was", "is", "by", "he", "she", "his", "her",
     "said", "has", "were", "from"}
)  # fmt: skip

# Fewer Latin words than this are taken for English: too few to tell.
SHORT_WORDS = 8

CYRILLIC_STEM = 6
VOWELS = "аеиоуы"
LATIN_STEM = 8
CACHE_WORDS = 200_000


@dataclass
class Tokens:
    """Words and numbers of `text` in order, as parallel lists; `title` is how many of them belong to the title.

    start, end: character offsets into `text`. fold: see above. sentence: number of the sentence, from 0.
    capital: begins with a capital letter. quoted: an opening quotation mark stands before it."""

    text: str
    title: int = 0
    start: list[int] = field(default_factory=list)
    end: list[int] = field(default_factory=list)
    fold: list[str] = field(default_factory=list)
    sentence: list[int] = field(default_factory=list)
    capital: list[bool] = field(default_factory=list)
    quoted: list[bool] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.start)


def fold(word: str) -> str:
    """The folded form of one word or number in Cyrillic or Latin letters; Latin stays Latin."""
    word = word.lower()
    if not word.isascii():
        word = MARKS.sub("", unicodedata.normalize("NFC", word)).replace("’", "'").replace("‑", "-")
        if CYRILLIC.search(word):
            word = word.translate(LOOK_ALIKES).translate(FOLD).replace("ии", "и")
    return word


def fold_romanized(word: str) -> str:
    """The folded form of a Latin Kazakh word: that of its Cyrillic spelling, as near as can be told."""
    return fold(to_cyrillic(word)) if word[:1].isalpha() else word


def stem(folded: str) -> str:
    """A cheap stem of a folded word: Cyrillic ones are cut to 6 letters and lose end vowels, others an ending."""
    if folded.isascii():
        return ENGLISH_ENDINGS.sub("", folded)[:LATIN_STEM] if len(folded) > 4 else folded
    return folded[:3] + folded[3:CYRILLIC_STEM].rstrip(VOWELS)


_folds: dict[str, str] = {}


def tokenize(title: str, body: str) -> Tokens:
    """The tokens of `title`, a line break and `body`; offsets count from the start of the title."""
    text = f"{title}\n{body}"
    sentence = previous_end = 0
    words: list[str] = []
    start: list[int] = []
    end: list[int] = []
    sentences: list[int] = []
    for match in TOKEN.finditer(text):
        first, last = match.span()
        if match.lastgroup == "stop":
            if words and not _abbreviated(match[0], words[-1], first == previous_end):
                sentence += sentences[-1] == sentence
            continue
        words.append(match[0])
        start.append(first)
        end.append(last)
        sentences.append(sentence)
        previous_end = last
    tokens = Tokens(text, bisect_left(start, len(title)), start, end, sentence=sentences)
    tokens.capital = [word[0].isupper() for word in words]
    tokens.quoted = [first > 0 and text[first - 1] in OPENING for first in start]
    if len(_folds) > CACHE_WORDS:
        _folds.clear()
    tokens.fold = [_folds.get(word) or _folds.setdefault(word, fold(word)) for word in words]
    if _is_latin_kazakh(tokens):
        tokens.fold = [fold_romanized(word) for word in words]
    return tokens


def _abbreviated(stop: str, word: str, adjacent: bool) -> bool:
    return stop == "." and adjacent and (len(word) == 1 or word.lower() in ABBREVIATIONS)


def _is_latin_kazakh(tokens: Tokens) -> bool:
    """Whether the words are Kazakh in Latin letters. The detector is asked only where English is not plain to see."""
    latin = sum("a" <= word[0] <= "z" or "\u00e0" <= word[0] <= "\u024f" for word in tokens.fold if word)
    if latin < SHORT_WORDS or 2 * latin < len(tokens):
        return False
    if sum(word in FUNCTION_WORDS for word in tokens.fold) > 0.12 * len(tokens):
        return False
    found = detect(tokens.text[:400].encode("utf-8", "replace").decode())
    return found.code == "kk" and found.script == "latin"
