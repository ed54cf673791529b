"""What makes real pages heavy: long menus, lists of other stories, advertisements, inline styles and scripts.

All of it follows from the outlet, the number of the article and its language, so that a page is the same each time."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random

import yaml
from markupsafe import Markup

from .outlets import Article, Outlet
from .words import KAZAKH_LATIN, latin

WORDS = Path(__file__).with_name("clutter.yaml")
HEAVY_BYTES = (31_000, 79_000)
CARD_BYTES = 650  # of markup and title, about, in any family
CARD_SHARE = 0.4
CARDS = (6, 48)
PARTNERS_AMONG_CARDS = 3  # every third card leads to somebody who pays for it
TEASER_CHARACTERS = 110
# No text of an article holds control characters, so that these can't be found in one.
STYLE_MARK, SCRIPT_MARK = Markup("\x01style\x01"), Markup("\x01script\x01")
STYLE_SHARE = 0.4
PARTS = (
    "header",
    "nav",
    "menu",
    "card",
    "list",
    "item",
    "title",
    "photo",
    "form",
    "button",
    "badge",
    "banner",
    "footer",
)
STATES = ("", ":hover", ":focus-visible", ":first-child", "--wide", "--small", "__link", "__icon", "__text")
SCREENS = ("480px", "768px", "1024px", "1280px")


@dataclass(frozen=True)
class Furniture:
    """The words of one language. `labels` holds single ones by name; minutes, hours and days are templates over n."""

    sections: list[str]
    regions: list[str]
    topics: list[str]
    heads: list[str]
    partners: list[str]
    ads: list[str]
    services: list[str]
    comments: list[str]
    legal: list[str]
    labels: dict[str, str]


@dataclass(frozen=True)
class Card:
    """A tile or a line that leads elsewhere; `address` is a path of the outlet or another site."""

    title: str
    address: str
    teaser: str
    ago: str
    views: int
    picture: int


@dataclass(frozen=True)
class Clutter:
    """What one page has around its article. `weight` is what the page shall weigh, in bytes."""

    words: Furniture
    cards: list[Card]
    weight: int
    style: Markup = STYLE_MARK
    script: Markup = SCRIPT_MARK

    def some(self, first: int, count: int) -> list[Card]:
        """`count` cards from the place `first` on, as far as there are any."""
        return self.cards[first : first + count]

    def rest(self, first: int, size: int) -> list[list[Card]]:
        """The cards from the place `first` on, in lists of `size`."""
        return [self.cards[at : at + size] for at in range(first, len(self.cards), size)]


@cache
def furniture() -> Mapping[str, Furniture]:
    """The words of every language that has any."""
    raw = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    found = {lang: Furniture(**facts) for lang, facts in raw.items()}
    # The fields of templates are in Latin letters already.
    labels = {name: latin(text) for name, text in found["kk"].labels.items()}
    lists = {name: [latin(text) for text in value] for name, value in raw["kk"].items() if name != "labels"}
    return {**found, KAZAKH_LATIN: Furniture(labels=labels, **lists)}


def furniture_for(lang: str) -> Furniture:
    """The words for `lang`; English where none were written."""
    return furniture().get(lang, furniture()["en"])


def around_article(outlet: Outlet, article: Article) -> Clutter:
    """What stands around an article: as little as its layout can do with unless the outlet is heavy."""
    chance = Random(f"{outlet.slug}:{article.number}")  # noqa: S311 - the same page each time
    weight = chance.randint(*HEAVY_BYTES) if outlet.heavy else 0
    room = weight - outlet.layout.copies * len(article.record.text.encode())
    count = max(CARDS[0], min(CARDS[1], int(room * CARD_SHARE / CARD_BYTES)))
    words = furniture_for(article.tongue)
    return Clutter(words, list(cards(outlet, article, words, chance, count)), weight)


def around_listing(lang: str) -> Clutter:
    """What stands around a listing in the frame of its family: menus and footer, no cards."""
    return Clutter(furniture_for(lang), [], 0)


def cards(outlet: Outlet, article: Article, words: Furniture, chance: Random, count: int) -> Iterable[Card]:
    """`count` cards: other articles in the language of this one, in any order, and partners among them."""
    others = [one for one in outlet.articles() if one.lang == article.lang and one.key != article.key]
    others = chance.sample(others, min(count, len(others)))
    for place in range(count):
        views, picture = chance.randrange(40, 90_000), chance.randrange(10**6)
        if others and place % PARTNERS_AMONG_CARDS:
            other = others[place % len(others)]
            ago = ago_text(words, outlet.changed - other.published)
            teaser = other.lines[0][:TEASER_CHARACTERS].rpartition(" ")[0]
            yield Card(other.title, other.address, teaser, ago, views, other.number)
        else:
            ago = ago_text(words, timedelta(minutes=chance.randrange(5, 4000)))
            address = f"https://partners.example/offer/{picture}"
            yield Card(chance.choice(words.partners), address, chance.choice(words.ads), ago, views, picture)


def ago_text(words: Furniture, age: timedelta) -> str:
    """How long ago something was, as a person would say it: in minutes, hours or days, at least one minute."""
    minutes = max(1, int(age.total_seconds()) // 60)
    if minutes < 60:
        return words.labels["minutes"].format(n=minutes)
    if minutes < 24 * 60:
        return words.labels["hours"].format(n=minutes // 60)
    return words.labels["days"].format(n=minutes // (24 * 60))


def published_ago(outlet: Outlet, lang: str, published: datetime) -> str:
    """How long before the last change of the outlet something was published."""
    return ago_text(furniture_for(lang), outlet.changed - published)


def weighed(page: str, clutter: Clutter) -> str:
    """The page with as many styles and scripts at their marks as it lacks in weight; none if it is heavy enough."""
    lacking = max(0, clutter.weight - len(page.encode()) + len(STYLE_MARK) + len(SCRIPT_MARK))
    styles = beginning(style_sheet(), int(lacking * STYLE_SHARE))
    scripts = beginning(script_lines(), lacking - len(styles))
    return page.replace(STYLE_MARK, styles).replace(SCRIPT_MARK, scripts)


def beginning(lines: tuple[str, ...], size: int) -> str:
    """The first of the lines, as many as fit into `size` characters with a line end each."""
    found = []
    for line in lines:
        size -= len(line) + 1
        if size < 0:
            break
        found.append(line)
    return "\n".join(found)


@cache
def style_sheet() -> tuple[str, ...]:
    """Rules of CSS, more than any page takes."""
    chance = Random("styles")  # noqa: S311 - the same rules each time
    found = [":root{--accent:#b3261e;--ink:#1c1b1f;--paper:#fff;--line:#e4e1e6}", "*{box-sizing:border-box}"]
    for round_ in range(4):
        for part in PARTS:
            for state in STATES:
                sizes = f"padding:{chance.randrange(32)}px {chance.randrange(32)}px;margin:0 0 {chance.randrange(48)}px"
                look = f"font:{chance.choice((400, 500, 700))} {chance.randrange(11, 34)}px/1.4 var(--face),sans-serif"
                ink = f"color:#{chance.randrange(2**24):06x}"
                rule = f".ui-{part}{round_ or ''}{state}{{display:flex;{sizes};{look};{ink}}}"
                found.append(f"@media(min-width:{chance.choice(SCREENS)}){{{rule}}}" if chance.random() < 0.3 else rule)
    return tuple(found)


@cache
def script_lines() -> tuple[str, ...]:
    """Statements of JavaScript as counters, advertisements and consent windows have them, more than any page takes."""
    chance = Random("scripts")  # noqa: S311 - the same statements each time
    found = ["window.dataLayer=window.dataLayer||[];function gtag(){dataLayer.push(arguments)}"]
    for number in range(420):
        code = f"{chance.randrange(2**48):012x}"
        slot = {"slot": f"zone-{number}", "sizes": [[300, 250], [728, 90]], "key": code, "lazy": number % 2 == 0}
        forms = (
            f"window.adConfig=(window.adConfig||[]).concat([{json.dumps(slot)}]);",
            f'!function(e,t){{var n=t.createElement("script");n.async=1;n.dataset.k="{code}";(e.q=e.q||[]).push(n)}}'
            "(window,document);",
            f'dataLayer.push({{event:"block_view",block:{number},variant:"{code[:4]}",ts:Date.now()}});',
            f'document.querySelectorAll(".js-{code[:5]}").forEach(function(b){{b.addEventListener("click",function(){{'
            f'gtag("event","{code}")}})}});',
        )
        found.append(chance.choice(forms))
    return tuple(found)


def hashed(name: str) -> str:
    """A class name as bundlers of CSS modules write it: `Story_body` becomes `Story_body__1a2b3`."""
    return f"{name}__{sha256(name.encode()).hexdigest()[:5]}"


def script_json(facts: object, *, compact: bool = False) -> Markup:
    """JSON that can stand inside a script element."""
    separators = (",", ":") if compact else None
    text = json.dumps(facts, ensure_ascii=False, separators=separators).replace("<", "\\u003c").replace("&", "\\u0026")
    return Markup(text)  # noqa: S704 - the two characters that could end the script are gone
