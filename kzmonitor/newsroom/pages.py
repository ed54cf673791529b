"""The pages of an outlet: articles in its layout with everything that stands around them, and its listings."""

import json
import math
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from .outlets import Article, Outlet
from .words import date_text, words_for

TEMPLATES = Path(__file__).parent / "templates"
RELATED = 3
POPULAR = 5


@cache
def environment() -> Environment:
    """The templates; every value put into them is escaped."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals["date_text"] = date_text
    return found


def template(name: str) -> Template:
    """One template of this folder."""
    return environment().get_template(name)


def article_page(outlet: Outlet, article: Article, *, amp: bool = False) -> str:
    """The page of an article, in the outlet's layout or in its AMP form."""
    name = "amp.html" if amp else f"{outlet.layout.name}.html"
    return template(name).render(
        outlet=outlet,
        article=article,
        words=words_for(article.lang),
        lang=article.lang,
        url=outlet.base_url + article.canonical,
        structured=structured_data(outlet, article),
        related=neighbours(outlet, article),
        popular=popular(outlet),
        # Pangea sites have used both forms for years; which one a page has doesn't depend on anything else.
        with_paragraphs=article.number % 2 == 0,
    )


def structured_data(outlet: Outlet, article: Article) -> Markup:
    """JSON-LD that says NewsArticle with its dates, safe inside a script element."""
    facts = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article.title,
        "url": outlet.base_url + article.canonical,
        "datePublished": article.published.isoformat(),
        "dateModified": article.modified.isoformat(),
        "author": {"@type": "Organization", "name": words_for(article.lang).newsroom},
        "publisher": {"@type": "Organization", "name": outlet.name},
    }
    text = json.dumps(facts, ensure_ascii=False).replace("<", "\\u003c").replace("&", "\\u0026")
    return Markup(text)  # noqa: S704 - the two characters that could end the script are gone


def neighbours(outlet: Outlet, article: Article) -> list[Article]:
    """Other articles that the page advertises: those published just before it, and then around again."""
    everything = outlet.articles()
    place = next((at for at, one in enumerate(everything) if one.key == article.key), 0)
    count = min(RELATED, len(everything) - 1)
    return [everything[(place + step) % len(everything)] for step in range(1, count + 1)]


def popular(outlet: Outlet) -> list[Article]:
    """The articles of the sidebar: every third of the newest ones."""
    return outlet.articles()[: 3 * POPULAR : 3]


def page_count(outlet: Outlet, section: str | None = None, day: str | None = None) -> int:
    """How many pages a listing has; an empty one has one."""
    return max(1, math.ceil(len(outlet.articles(section, day)) / outlet.page_size))


def listing_page(outlet: Outlet, page: int = 1, section: str | None = None, day: str | None = None) -> str:
    """Page `page`, from 1, of the archive: of the whole outlet, of a section, of a day."""
    start = (page - 1) * outlet.page_size
    shown = outlet.articles(section, day)[start : start + outlet.page_size]
    last = page_count(outlet, section, day)
    lang = shown[0].lang if shown else "en"
    return template("listing.html").render(
        outlet=outlet,
        style=outlet.layout.name,
        lang=lang,
        words=words_for(lang),
        shown=shown,
        popular=popular(outlet),
        earlier=listing_path(outlet, page + 1, section) if page < last else None,
        later=listing_path(outlet, page - 1, section) if page > 1 else None,
        last=listing_path(outlet, last, section),
    )


def listing_path(outlet: Outlet, page: int = 1, section: str | None = None) -> str:
    """The path of a listing's page, from 1, as its links write it."""
    path = outlet.layout.pages.format(section=section, page=page)
    return path if page > 1 else path.replace("/page/1/", "/").replace("/1/", "/")
