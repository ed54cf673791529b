"""From a template to an answer: Jinja with our words, filters and translations."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from kzmonitor.i18n import LANGUAGES, current, ngettext, speaking, translations
from kzmonitor.review import wording
from kzmonitor.review.passages import readable, shortened

TEMPLATES = Path(__file__).parent / "templates"
# Each language by its own name, for those who can't read the others.
OWN_NAMES = {"en": "English", "ru": "Русский", "kk": "Қазақша"}


@cache
def environment() -> Environment:
    """Every value is escaped; a name that a template misspells is an error."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_callables(_in_current_language, ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.filters |= {
        "moment": wording.moment,
        "region_name": wording.region_name,
        "share": wording.share,
        "number": wording.number,
        "day": wording.day,
        "money": wording.money,
        "law_name": wording.law_name,
        "readable": readable,
        "shortened": shortened,
        "web_address": wording.web_address,
        "host_of": wording.host_of,
    }
    made.globals |= {"own_names": OWN_NAMES, "dict": dict}
    return made


def _in_current_language(message: str) -> str:
    return translations(current()).gettext(message)


def screen(request: Request, template: str, words: Mapping[str, Any], status: int = 200) -> HTMLResponse:
    """The page of a template, in the language of the request; a language asked for in the address is remembered."""
    language = wording.language_of(request)
    with speaking(language):
        html = (
            environment()
            .get_template(template)
            .render(
                language=language,
                path=request.url.path,
                here=lambda **changed: here(request, **changed),
                **words,
            )
        )
    response = HTMLResponse(html, status_code=status)
    if request.query_params.get("lang") in LANGUAGES:
        response.set_cookie(wording.LANGUAGE_COOKIE, language, max_age=365 * 24 * 3600, samesite="lax", httponly=True)
    return response


def here(request: Request, **changed: str | int | None) -> str:
    """The address of this page with some of its parameters changed; None takes one away."""
    kept = {name: value for name, value in request.query_params.items() if name not in ("token", "done")}
    wanted = {name: value for name, value in (kept | changed).items() if value not in (None, "")}
    return request.url.path + ("?" + urlencode(wanted) if wanted else "")
