"""The pages of an outlet: articles in its layout with everything that stands around them, and its listings."""

import math
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from .clutter import around_article, around_listing, hashed, published_ago, script_json, weighed
from .outlets import Article, Outlet
from .records import ALMATY
from .typesetting import blocks, grouped
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
    found.globals |= {"date_text": date_text, "day_text": day_text, "published_ago": published_ago}
    found.filters["hashed"] = hashed
    return found


def day_text(moment: datetime) -> str:
    """The day in Almaty as sites write it that have no words for it: "15.03.2026"."""
    return f"{moment.astimezone(ZoneInfo(ALMATY)):%d.%m.%Y}"


def template(name: str) -> Template:
    """One template of this folder."""
    return environment().get_template(name)


def article_page(outlet: Outlet, article: Article, *, amp: bool = False) -> str:
    """The page of an article, in the outlet's layout or in its AMP form, which is light everywhere."""
    if amp:
        return template("amp.html").render(facts_of_page(outlet, article))
    clutter = around_article(outlet, article) if outlet.heavy or outlet.layout.heavy else None
    set_text = blocks(article.lines, article.number)
    page = template(f"{outlet.layout.name}.html").render(
        facts_of_page(outlet, article),
        clutter=clutter,
        related=neighbours(outlet, article),
        popular=popular(outlet),
        blocks=set_text,
        groups=grouped(set_text, article.number),
        state=state(outlet, article),
        # Pangea sites have used both forms for years; which one a page has doesn't depend on anything else.
        with_paragraphs=article.number % 2 == 0,
    )
    return page if clutter is None else weighed(page, clutter)


def facts_of_page(outlet: Outlet, article: Article) -> dict[str, object]:
    """What every template of an article names."""
    return {
        "outlet": outlet,
        "article": article,
        "words": words_for(article.tongue),
        "lang": article.tongue,
        "url": outlet.base_url + article.canonical,
        "structured": structured_data(outlet, article),
    }


def structured_data(outlet: Outlet, article: Article) -> Markup:
    """JSON-LD that says NewsArticle with its dates."""
    facts = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article.title,
        "url": outlet.base_url + article.canonical,
        "datePublished": article.published.isoformat(),
        "dateModified": article.modified.isoformat(),
        "author": {"@type": "Organization", "name": words_for(article.tongue).newsroom},
        "publisher": {"@type": "Organization", "name": outlet.name},
    }
    return script_json(facts)


def state(outlet: Outlet, article: Article | None) -> Markup:
    """What an application in the browser starts from: the article once more, paragraph by paragraph."""
    page: dict[str, object] = {}
    if article is not None:
        content = [{"id": f"b{at}", "type": "text", "value": line} for at, line in enumerate(article.lines)]
        page = {
            "post": {
                "id": article.number,
                "slug": article.slug,
                "title": article.title,
                "publishedAt": article.published.isoformat(),
                "content": content,
            }
        }
    facts = {
        "props": {"pageProps": page, "__N_SSP": True},
        "page": "/[lang]/post/[...slug]" if page else "/archive/[[...page]]",
        "query": {},
        "buildId": hashed(outlet.slug),
        "isFallback": False,
    }
    return script_json(facts, compact=True)


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
    lang = shown[0].tongue if shown else "en"
    # The home page of an outlet with sections shows the newest of all; older ones are in the sections.
    has_more = section is not None or "{section}" not in outlet.layout.pages
    clutter = around_listing(lang) if outlet.layout.heavy else None
    text = template(outlet.layout.listing_template).render(
        outlet=outlet,
        clutter=clutter,
        state=state(outlet, None),
        style=outlet.layout.name,
        lang=lang,
        words=words_for(lang),
        shown=shown,
        popular=popular(outlet),
        earlier=listing_path(outlet, page + 1, section) if page < last and has_more else None,
        later=listing_path(outlet, page - 1, section) if page > 1 and has_more else None,
        last=listing_path(outlet, last, section) if has_more else "/",
    )
    return text if clutter is None else weighed(text, clutter)


def listing_path(outlet: Outlet, page: int = 1, section: str | None = None) -> str:
    """The path of a listing's page, from 1, as its links write it."""
    path = outlet.layout.pages.format(section=section, page=page)
    return path if page > 1 else path.replace("/page/1/", "/").replace("/1/", "/")
