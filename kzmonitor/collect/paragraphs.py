"""The paragraphs of an article's body: what stands between breaks, less what the outlet put among them."""

import re
from collections.abc import Iterable, Iterator

from lxml.etree import _Element

from kzmonitor.collect.metadata import clean

INLINE = frozenset(
    {
        "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i",
        "img", "ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup",
        "time", "tt", "u", "var", "wbr"
    }
)  # fmt: skip
SKIPPED = frozenset(
    {
        "script", "style", "noscript", "template", "figure", "figcaption", "aside", "nav", "form", "button",
        "iframe", "object", "svg", "video", "audio", "canvas", "select", "textarea", "input", "head"
    }
)  # fmt: skip
SKIPPED_CLASSES = frozenset({"media-block-wrap", "wp-caption-text", "caption", "img-caption", "photo-caption"})
BOILERPLATE = frozenset({"доступность ссылок", "срочные новости:", "қаз site logo"})
READ_ALSO = re.compile(
    r"(?:читайте (?:также|ещ[её])|смотрите также|ещ[её] по теме|по теме|материалы по теме|подробнее"
    r"|тағы (?:да )?оқыңыз(?:дар)?|сондай-ақ оқыңыз(?:дар)?|оқи отырыңыз(?:дар)?|тақырыпқа қатысты|тағы қараңыз"
    r"|read (?:also|more|next)|also read|see also|related(?: stories| articles)?)\b[\s:.–—-]*",
    re.IGNORECASE,
)
CREDIT = re.compile(
    r"(?:фото(?:графия|графии|коллаж|граф)?|сурет(?:ті)?|көрнекі сурет|иллюстрация|коллаж|скриншот|photo(?:graph)?s?"
    r"|image)\b"
    r"(?P<sure>\s*(?:[:©/|]|by\b|из\b|с сайта\b|автора\b|предоставлен|courtesy\b|түсірген\b))?",
    re.IGNORECASE,
)
CREDIT_CHARACTERS = 120


def paragraphs(bodies: Iterable[_Element]) -> str:
    """The text of body elements, one paragraph a line; the elements may or may not hold `p`."""
    return "\n".join(kept(block for body in bodies for block in _blocks(body)))


def _blocks(element: _Element) -> Iterator[tuple[str, int]]:
    """(text, characters of it that are links) of each paragraph: what stands between two breaks or block elements."""
    text, linked = "", 0
    for piece in _pieces(element, in_link=False):
        if piece is None:
            yield clean(text), linked
            text, linked = "", 0
        else:
            text += piece[0]
            linked += len(clean(piece[0])) if piece[1] else 0
    yield clean(text), linked


def _pieces(element: _Element, in_link: bool) -> Iterator[tuple[str, bool] | None]:
    """(text, is it a link) of the text nodes below `element`, None for a break between paragraphs."""
    if element.text:
        yield element.text, in_link
    for child in element:
        if child.tag == "br":
            yield None
        elif child.tag in SKIPPED or not SKIPPED_CLASSES.isdisjoint((child.get("class") or "").split()):
            yield ("\n", in_link) if child.tag in {"script", "style"} else None
        else:
            inline = child.tag in INLINE
            if not inline:
                yield None
            yield from _pieces(child, in_link or child.tag == "a")
            if not inline:
                yield None
        if child.tail:
            yield child.tail, in_link


def kept(blocks: Iterable[tuple[str, int]]) -> Iterator[str]:
    """The paragraphs that belong to the article: no captions of photographs, no links to other articles."""
    after_label = False
    for raw, linked in blocks:
        text = clean(raw)
        if not text or text.lower() in BOILERPLATE:
            continue
        label = READ_ALSO.match(text)
        if label and label.end() == len(text):
            after_label = True
        elif label and linked >= 0.8 * (len(text) - label.end()):
            after_label = False
        elif not (after_label and linked >= 0.9 * len(text)) and not _is_credit(text):
            after_label = False
            yield text


def _is_credit(text: str) -> bool:
    credit = CREDIT.match(text)
    if not credit or len(text) > CREDIT_CHARACTERS:
        return False
    return bool(credit["sure"]) or (text[-1] not in ".!?…»" and len(text.split()) <= 8)
