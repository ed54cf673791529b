"""One address for one article: variants, mirrors and tracking parameters lead to the same spelling and key."""

import re
from urllib.parse import unquote_plus, urlsplit, urlunsplit

from w3lib.url import canonicalize_url

from kzmonitor.errors import InputError
from kzmonitor.i18n import _
from kzmonitor.sources import Declaration
from kzmonitor.sources.addresses import host_of, is_loopback

# The name of an imported text that has no address: a hash of the text.
UNADDRESSED = "urn:sha256:"
MAX_CHARACTERS = 2000  # addresses are unique keys, and PostgreSQL's index rows end at 2704 bytes

# Who sent the reader, never what is shown: names from the lists of AdGuard, ClearURLs and Firefox.
_TRACKING = re.compile(
    r"(?:utm|mtm|pk|hsa|vero|oly|ga)_\w+|_ga|_gl|_openstat|_hsenc|_hsmi|__hs(?:tc|sc|fp)|mc_[ce]id|mkt_tok"
    r"|(?:fb|g|d|y|ys|tt|tw|vk)clid|msclkid|wbraid|gbraid|igshid|igsh|li_fat_id|xtor|ltflags|spush"
    r"|at_(?:medium|campaign|custom\d)|fb_(?:action_ids|action_types|ref|source)|ns_(?:campaign|mchannel|source|linkname|fee)"
)
# Short names that outlets also use for themselves: tracking only with the name of a network in them.
_SENDER = re.compile(r"ref|from|src|source|via|share|referrer")
_NETWORK = re.compile(
    r"(?:www\.|m\.|l\.)?(?:fb|facebook|tw|twitter|x|tg|telegram|vk|vkontakte|ok|odnoklassniki|wa|whatsapp"
    r"|ig|instagram|threads|linkedin|viber|youtube|tiktok|rss|yandex|google|dzen|mail|email|newsletter|push"
    r"|social|share|sharing)(?:\.(?:com|ru|me|net|kz))?"
)


def canonical_url(url: str, declaration: Declaration | None = None) -> str:
    """The one spelling of `url`: https, no fragment, no tracking, sorted query, one form of escapes.

    With the declaration of its source, the address in the outlet's own canonical form, whichever variant or
    mirror it was seen on. Raises InputError for what is not an http(s) address or is too long to keep.
    """
    tidy = _tidy(url)
    return _outlets_own(tidy, declaration) or tidy


def article_key(url: str, declaration: Declaration) -> str:
    """What makes an article one: `vlast:66096` where the outlet numbers it, else its canonical address."""
    if url.startswith(UNADDRESSED):
        return url
    tidy = _tidy(url)
    if number := _numbered(tidy, declaration):
        return f"{declaration.id_space}:{number['id']}"
    return tidy


def _numbered(tidy: str, declaration: Declaration | None) -> re.Match[str] | None:
    """The outlet's own number in the address, if the address is on one of its hosts."""
    if declaration is None or declaration.url_id is None or host_of(tidy) not in declaration.known_hosts:
        return None
    return declaration.url_id.match(tidy)


def _outlets_own(tidy: str, declaration: Declaration | None) -> str | None:
    """The outlet's canonical form, or None if it has none or the template doesn't lead back to itself."""
    number = _numbered(tidy, declaration)
    if number is None or declaration is None or declaration.canonical is None:
        return None
    own = _tidy(declaration.canonical.format_map(number.groupdict(default="")))
    again = _numbered(own, declaration)
    if again is None or again.groupdict() != number.groupdict():
        return None
    return own


def _tidy(url: str) -> str:
    shown = url.strip()[:80]
    try:
        parts = urlsplit(canonicalize_url(url.strip()))
        host = host_of(urlunsplit(parts))
    except ValueError as error:
        raise InputError(_('"{url}" is not an http(s) address').format(url=shown)) from error
    # Another port is another server, which need not speak https; the local newsroom doesn't.
    scheme = parts.scheme if is_loopback(host) or re.search(r":\d+$", host) else "https"
    query = "&".join(pair for pair in parts.query.split("&") if not _is_tracking(pair))
    tidy = urlunsplit((scheme, host, parts.path, query, ""))
    if len(tidy) > MAX_CHARACTERS:
        message = _('"{url}..." is longer than {limit} characters')
        raise InputError(message.format(url=shown, limit=MAX_CHARACTERS))
    return tidy


def _is_tracking(pair: str) -> bool:
    name, _equals, value = (unquote_plus(part).lower() for part in pair.partition("="))
    return bool(_TRACKING.fullmatch(name) or (_SENDER.fullmatch(name) and _NETWORK.fullmatch(value)))
