"""Language and script of a text: Russian, Kazakh in either script, Kyrgyz, English, or none of them.

Character statistics (py3langid, naive Bayes over byte n-grams) weigh the four languages against their neighbours;
letters and vowel harmony settle what the statistics never saw: Kazakh in Latin letters and on a Russian keyboard.
"""

import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from kzmonitor.language.romanized import kazakh_marks, latin_words, restore, to_cyrillic

Code = Literal["ru", "kk", "ky", "en", "other"]
Script = Literal["cyrillic", "latin", "other"]


@dataclass(frozen=True)
class Language:
    """`code`: ISO 639-1, or "other" for none of the four; `script`: the one most letters belong to."""

    code: Code
    script: Script


NONE = Language("other", "other")
CYRILLIC_NEIGHBOURS = ("uk", "be", "bg", "sr", "mk", "uz", "tg", "tt", "ba", "mn")
LATIN_NEIGHBOURS = (
    "tr", "uz", "az", "ku", "de", "fr", "es", "it", "pt", "nl", "pl", "cs", "sk", "ro", "hu", "fi",
    "et", "lv", "lt", "sv", "da", "no", "hr", "sl", "sq", "id", "ms", "vi", "sw", "tl",
)  # fmt: skip

CYRILLIC = re.compile("[\u0400-\u052f]")
LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
TURKIC_LETTERS = re.compile("[әғқңөұүһі]", re.IGNORECASE)
# Letters of languages that share the script: Ukrainian, Uzbek and Tajik, South Slavic, Tatar and Bashkir.
FOREIGN_LETTERS = re.compile("[їєґўҳӣӯҷјљњћђџѓќѕҗҙҫҡ]", re.IGNORECASE)
# What Kyrgyz has and Kazakh has otherwise: long vowels, ч for ш, э at the start, a mutual voice in ш, three words.
KYRGYZ_MARK = re.compile(
    r"аа|оо|ээ|[^тжқкб]уу|^э(?![кфлт])|ч(?!емп|ат$|ек$)(?=[аеиоуыэ])|(?:ышты|ишти|ышат|ишет)$|^(?:менен|жана|боюнча)$"
)
# Addresses, handles and hashtags are in nobody's language.
NOT_PROSE = re.compile(r"https?://\S+|www\.\S+|[\w.+-]{1,64}@\S+|[@#]\w+")
SENTENCE_END = re.compile(r"(?<=[.!?…])[\"»”)]*\s+|\n")
ENGLISH = frozenset(
    {
        "the", "an", "of", "in", "to", "and", "or", "for", "on", "with", "by", "at", "from", "after", "over",
        "under", "as", "is", "are", "was", "were", "be", "been", "has", "have", "had", "will", "would", "not", "no",
        "that", "this", "these", "it", "its", "he", "she", "his", "her", "they", "their", "who", "which", "when",
        "where", "why", "how", "what", "than", "about", "against", "into", "amid", "between", "during", "before",
        "says", "said", "calls", "faces", "new", "court", "police", "trial", "activist", "activists", "journalist",
        "journalists", "lawyer", "president", "opposition", "rights", "human", "law", "jail", "jailed", "prison",
        "arrest", "arrested", "detained", "detention", "sentenced", "charged", "released", "fined", "appeals",
        "government", "minister", "protest", "protesters", "rally", "media", "state", "year", "years", "day", "days"
    }
)  # fmt: skip

SHORT_LETTERS = 40  # below this the statistics must be surer of a foreign language
WHOLE_CHARACTERS = 250  # up to this a text is judged as one, above it by its sentences
MOST_SENTENCES = 20  # spread over the text
MOST_CHARACTERS = 200_000
SENTENCE_CHARACTERS = 2000


@cache
def _model() -> Any:
    """py3langid's identifier, narrowed; loading takes about 0.8 s, so it waits for the first text."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(["ru", "kk", "ky", "en", "tk", *CYRILLIC_NEIGHBOURS, *LATIN_NEIGHBOURS])
    return identifier


def _scores(text: str) -> dict[str, float]:
    """Log-likelihood of each language over the root of the text's bytes, so that a difference means the same at any
    length."""
    size = math.sqrt(len(text.encode(errors="surrogatepass")) or 1)
    return {language: score / size for language, score in _model().rank(text)}


def _margin(scores: dict[str, float], code: str, rivals: tuple[str, ...]) -> float:
    return scores[code] - max(scores[rival] for rival in rivals if rival != code)


def _cyrillic(text: str, letters: int, lettered: bool) -> Code:
    """`lettered`: the letters beyond the Russian ones do occur in the whole text, so its writer had them."""
    scores, words = _scores(text), re.findall(r"\w+", text.lower())
    if not lettered and _typed_in_russian(text, words, scores):
        return "kk"
    ours: Code = max(("ru", "kk", "ky"), key=scores.__getitem__)
    foreign = len(FOREIGN_LETTERS.findall(text))
    if foreign and foreign >= len(TURKIC_LETTERS.findall(text)) / 4:
        return "other"
    doubt = max(scores[rival] for rival in CYRILLIC_NEIGHBOURS) - scores[ours]
    # Only Ukrainian and Belarusian write і where Russian statistics fit.
    if doubt > (0.0 if ours == "ru" and "і" in text else 2.0 if letters < SHORT_LETTERS else 1.0):
        return "ru" if _russian_with_names(words) else "other"
    return ours


def _russian_with_names(words: list[str]) -> bool:
    """A Russian sentence about «Қоғамдық сана» looks Uzbek until such words are left out."""
    plain = [word for word in words if not TURKIC_LETTERS.search(word)]
    if not len(words) > len(plain) > 2 or len(plain) < len(words) / 2:
        return False
    return _margin(_scores(" ".join(plain)), "ru", ("kk", "ky", *CYRILLIC_NEIGHBOURS)) > 0.5


def _typed_in_russian(text: str, words: list[str], scores: dict[str, float]) -> bool:
    """Kazakh without its letters looks Kyrgyz; with them put back it is Kazakh by more than real Kyrgyz ever is."""
    best = max(("ru", "kk", "ky", *CYRILLIC_NEIGHBOURS), key=scores.__getitem__)
    if best not in {"kk", "ky", "tt", "ba"}:
        return False
    kyrgyz = sum(bool(KYRGYZ_MARK.search(word)) for word in words)
    restored = _margin(_scores(restore(text)), "kk", ("ru", "ky", *CYRILLIC_NEIGHBOURS))
    return restored + scores["kk"] - scores["ky"] - 2 * min(kyrgyz, 4) > 2.0


def _latin(text: str) -> Code:
    """English, Kazakh or neither. The signs' weights began as those of a logistic regression on the Universal
    Declaration of Human Rights in 13 languages and six spellings of Kazakh.

    Names are Kazakh in either language, so words in lower case decide wherever there are enough of them. English
    headlines capitalise all but the small words, Kazakh ones never do."""
    words = latin_words(text.lower() if text.isupper() else text)
    prose = [word for word in words[1:] if word[0].islower()]
    titled = len(words) > 3 and len(prose) < len(words) / 2
    if prose and titled and all(word in ENGLISH or word == "a" for word in prose):
        return "en"
    if 1 < len(prose) < len(words) - 1:
        words, text = prose, " ".join(prose)
    words = [word.lower() for word in words]
    scores, familiar = _scores(text), sum(word in ENGLISH for word in words) / (len(words) or 1)
    # Turkmen writes y for ы as Kazakh does, but has neither q nor the acutes, and seldom does without these letters.
    turkmen = ("tk",) if re.search("[ýžňw]", text) and not re.search("[qǵńáóú]", text) else ()
    english = _margin(scores, "en", LATIN_NEIGHBOURS + turkmen)
    if english > 3.0:
        return "en"
    kazakh = _margin(_scores(to_cyrillic(text)), "kk", ("ru", "ky", *CYRILLIC_NEIGHBOURS))
    against = 0.7 * min(english, 0.0) - 5 * max(english, 0.0) - 6 * familiar - 12 * (titled and not prose)
    if kazakh + 7 * kazakh_marks(words) + against > 1.0:
        return "kk"
    return "en" if english > (-6.0 if titled else -2.0) or familiar > 0.3 else "other"


def _part(text: str, lettered: bool) -> Language | None:
    """Language of one sentence or short text; None when it has no letters."""
    cyrillic, latin = len(CYRILLIC.findall(text)), len(LATIN.findall(text))
    letters = sum(map(str.isalpha, text))
    if not letters:
        return None
    if letters > 2 * (cyrillic + latin):
        return NONE
    if cyrillic >= latin:
        return Language(_cyrillic(text, cyrillic, lettered), "cyrillic")
    return Language(_latin(text), "latin")


def detect(text: str) -> Language:
    """Language and script of `text`: a title, an article, or both; a text without letters is other, other.

    In a mixed text the language of most sentences wins. About 2 ms for an article of 6,000 characters."""
    prose = NOT_PROSE.sub(" ", text[:MOST_CHARACTERS])
    lettered = bool(TURKIC_LETTERS.search(prose))
    if len(prose) <= WHOLE_CHARACTERS:
        return _part(prose, lettered) or NONE
    sentences = [s for s in SENTENCE_END.split(prose) if sum(map(str.isalpha, s)) >= 12] or [prose]
    heard = sentences[:: -(-len(sentences) // MOST_SENTENCES)]
    votes: Counter[Language] = Counter()
    for sentence in heard:
        found = _part(sentence[:SENTENCE_CHARACTERS], lettered)
        if found is not None:
            votes[found] += 1
            if 2 * votes[found] > len(heard):
                return found  # the others could not outvote it
    return votes.most_common(1)[0][0] if votes else NONE
