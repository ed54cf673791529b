"""Baits: answers of an outlet that try to lead whoever reads them to another address, as a table."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

# What an attacker writes for an address of a private network, of this machine or of a cloud's metadata service. {case}
# stands in the path, so that what was asked can be told apart.
HOSTS = (
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255",
    "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:a9fe:a9fe]", "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::a00:1]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[2001:0:a00:1::]",
    "[fe80::1]", "[fe80::1%25lo]", "[fe80::1%lo]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]", "[fec0::1]",
    "2130706433", "017700000001", "0x7f000001", "0177.0.0.1", "0x7f.0.0.1", "127.1", "127.0.1", "0", "2852039166",
    "0251.0376.0251.0376", "localhost", "localhost.", "LOCALHOST", "metadata.google.internal", "inner.example",
    "①②⑦.⓪.⓪.①", "127。0。0。1", "１２７.0.0.1", "127.0.0.1.", "outlet.example@127.0.0.1", "127.0.0.1:80@10.0.0.1",
    "127.0.0.1#@outlet.example", "127.0.0.1\\@outlet.example", "10.0.0.1:6379", "10.0.0.1:22", "10.0.0.1:25",
    "outlet.example:6379", "outlet.example.inner.example", "rebound.example",
)  # fmt: skip
ADDRESSES = (
    *(f"http://{host}/{{case}}" for host in HOSTS),
    "https://10.0.0.1/{case}", "HTTP://10.0.0.1/{case}", "http:10.0.0.1/{case}", "http:///10.0.0.1/{case}",
    "http:\\\\10.0.0.1\\{case}", "//10.0.0.1/{case}", "/\\10.0.0.1/{case}", "///10.0.0.1/{case}", "\t//10.0.0.1/{case}",
    "http://10.0.0.1%2f{case}", "http://%31%30.0.0.1/{case}", "file:///etc/passwd?{case}", "file://10.0.0.1/{case}",
    "ftp://10.0.0.1/{case}", "gopher://10.0.0.1:6379/_SET%20{case}", "dict://10.0.0.1:11211/{case}", "s3://{case}/a",
    "ldap://10.0.0.1/{case}", "data:text/html,{case}", "javascript://10.0.0.1/%0a{case}", "ws://10.0.0.1/{case}",
    "jar:http://10.0.0.1!/{case}", "unix:///var/run/docker.sock?{case}", "view-source:http://10.0.0.1/{case}",
)  # fmt: skip
STATUSES = (301, 302, 303, 307, 308)
INNER = "http://10.0.0.1/{case}"

LONG = "Заседание суда прошло за закрытыми дверями, сообщил адвокат. Следующее назначено на пятницу. " * 3
GOOD_PAGE = f"<html><head><title>Суд</title></head><body><article><h1>Суд</h1><p>{LONG}</p></article></body></html>"
XML = {"Content-Type": "application/xml; charset=utf-8"}


@dataclass(frozen=True)
class Bait:
    """name: of the source, and of the case; host: that it declares; declared: what else; pages: path -> answer;
    told: the path that proves that the bait was read; names: what DNS says of its host, in turn."""

    name: str
    attack: str
    pages: dict[str, dict[str, Any]]
    told: str = "/feed/"
    declared: dict[str, Any] = field(default_factory=dict)
    names: list[list[str]] | None = None

    @property
    def host(self) -> str:
        return f"{self.name}.example"


def answer(body: str, status: int = 200, **headers: str) -> dict[str, Any]:
    """What a path answers."""
    return {"status": status, "headers": headers, "body": body}


def rss(*links: str, head: str = "", more: str = "") -> dict[str, Any]:
    """A feed with an item for each link."""
    items = "".join(
        f"<item><title>Суд {number}</title><link>{link}</link><pubDate>Fri, 20 Nov 2026 10:00:00 +0500</pubDate>{more}"
        "</item>"
        for number, link in enumerate(links)
    )
    body = f'<?xml version="1.0"?>{head}<rss version="2.0"><channel><title>News</title>{items}</channel></rss>'
    return {"status": 200, "headers": XML, "body": body}


def baits() -> list[Bait]:
    """The table: each spelling in a redirect and in a feed, then every other place where an address can stand."""
    found: list[Bait] = []

    def add(attack: str, make: Callable[[str, str], dict[str, Any]], target: str = INNER) -> None:
        name = f"c{len(found)}"
        made = make(f"http://{name}.example", target.format(case=name))
        found.append(Bait(name, f"{attack} {target}", **made))

    for number, address in enumerate(ADDRESSES):
        status = STATUSES[number % len(STATUSES)]
        add(f"{status} of a page to", lambda own, to, status=status: _redirected(own, to, status), address)
    add("entries of a feed", _entries, "any of these")
    for path in ("/feed/", "/robots.txt"):
        add(f"redirect of {path} to", _whole(path), "unix:///var/run/docker.sock?{case}")
    for attack, make in OTHERS.items():
        add(attack, make)
    return found


def _quoted(address: str) -> str:
    return address.replace("&", "&amp;").replace("<", "&lt;")


def _entries(own: str, _to: str) -> dict[str, Any]:
    links = [_quoted(address.format(case="c-entries")) for address in ADDRESSES]
    return {"pages": {"/feed/": rss(*links, f"{own}/a"), "/a": answer(GOOD_PAGE)}, "told": "/a"}


def _redirected(own: str, to: str, status: int) -> dict[str, Any]:
    pages = {"/feed/": rss(f"{own}/a"), "/a": {"status": status, "headers": {"Location": to}, "body": ""}}
    return {"pages": pages, "told": "/a"}


def _page(head: str = "", body: str = "") -> Callable[[str, str], dict[str, Any]]:
    """A page that asks a browser to fetch something; {to} is what."""

    def make(own: str, to: str) -> dict[str, Any]:
        page = (
            GOOD_PAGE.replace("<head>", f"<head>{head}").replace("</article>", f"{body}</article>").replace("{to}", to)
        )
        return {"pages": {"/feed/": rss(f"{own}/a"), "/a": answer(page)}, "told": "/a"}

    return make


def _listing(head: str, link: str) -> Callable[[str, str], dict[str, Any]]:
    def make(own: str, to: str) -> dict[str, Any]:
        body = f"<html><head>{head}</head><body>{link}</body></html>".replace("{to}", to)
        return {"pages": {"/": answer(body)}, "told": "/", "declared": {"feeds": None, "listings": [f"{own}/"]}}

    return make


def _sitemap(body: str) -> Callable[[str, str], dict[str, Any]]:
    def make(own: str, to: str) -> dict[str, Any]:
        pages = {"/sitemap.xml": {"status": 200, "headers": XML, "body": body.replace("{to}", to)}}
        return {"pages": pages, "told": "/sitemap.xml", "declared": {"feeds": None, "sitemaps": [f"{own}/sitemap.xml"]}}

    return make


def _feed(head: str = "", more: str = "") -> Callable[[str, str], dict[str, Any]]:
    return lambda own, to: {
        "pages": {"/feed/": rss(f"{own}/a", head=head.replace("{to}", to), more=more.replace("{to}", to))}
    }


def _atom(body: str) -> Callable[[str, str], dict[str, Any]]:
    document = f'<feed xmlns="http://www.w3.org/2005/Atom" {body}</feed>'
    return lambda _own, to: {"pages": {"/feed/": {"status": 200, "headers": XML, "body": document.replace("{to}", to)}}}


def _whole(path: str, status: int = 302) -> Callable[[str, str], dict[str, Any]]:
    """The answer to a path is a redirect."""
    return lambda own, to: {
        "pages": {"/feed/": rss(f"{own}/a"), path: {"status": status, "headers": {"Location": to}, "body": ""}},
        "told": path,
    }


def _headers(name: str, value: str) -> Callable[[str, str], dict[str, Any]]:
    """A page with a header that names an address."""
    return lambda own, to: {
        "pages": {"/feed/": rss(f"{own}/a"), "/a": answer(GOOD_PAGE, **{name: value.replace("{to}", to)})},
        "told": "/a",
    }


def _hops(own: str, to: str) -> dict[str, Any]:
    steps = {f"/{step}": answer("", 302, Location=f"{own}/{step + 1}") for step in range(1, 3)}
    return {"pages": {"/feed/": rss(f"{own}/1"), **steps, "/3": answer("", 307, Location=to)}, "told": "/3"}


def _named(*names: list[str]) -> Callable[[str, str], dict[str, Any]]:
    """A declared host whose name stands for these addresses, in turn."""
    return lambda own, _to: {
        "pages": {"/feed/": rss(f"{own}/a"), "/a": answer(GOOD_PAGE)},
        "told": "",
        "names": [*names],
    }


SITEMAP = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>{to}</loc></url></urlset>'
INDEX = SITEMAP.replace("urlset", "sitemapindex").replace("url>", "sitemap>")
INCLUDE = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{to}"/>'
SCHEMA = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:schemaLocation="http://a {to}"'
LONG_LINK = "10.0.0.1/a-long-title-of-an-article"
# What stands in the head or in the body of a page.
IN_HEAD = {
    "meta refresh to": '<meta http-equiv="refresh" content="0; url={to}">',
    "canonical link to": '<link rel="canonical" href="{to}"><meta property="og:url" content="{to}">',
    "base element": '<base href="{to}">',
    "stylesheet and script": '<link rel="stylesheet" href="{to}"><script src="{to}"></script>',
    "AMP and alternate links": '<link rel="amphtml" href="{to}"><link rel="alternate" href="{to}">',
    "JSON-LD context": '<script type="application/ld+json">{"@context":"{to}","url":"{to}"}</script>',
}
IN_BODY = {
    "image": '<img src="{to}" srcset="{to} 2x"><picture><source srcset="{to}"></picture>',
    "iframe": '<iframe src="{to}"></iframe><object data="{to}"></object><embed src="{to}">',
}
IN_ENTRY = {
    "enclosure of an entry": '<enclosure url="{to}" type="audio/mpeg"/><guid>{to}</guid><comments>{to}</comments>',
    "source of an entry": '<source url="{to}">a</source><description>&lt;img src="{to}"&gt;</description>',
}
BEFORE_FEED = {
    "external DTD of a feed": '<!DOCTYPE rss SYSTEM "{to}">',
    "external entity of a feed": '<!DOCTYPE rss [<!ENTITY a SYSTEM "{to}">]>',
    "parameter entity of a feed": '<!DOCTYPE rss [<!ENTITY % a SYSTEM "{to}"> %a;]>',
    "stylesheet of a feed": '<?xml-stylesheet type="text/xsl" href="{to}"?>',
}
SITEMAPS = {
    "address of a sitemap": SITEMAP,
    "sitemap of an index": INDEX,
    "news sitemap of an index": INDEX.replace("{to}", "{to}/news-latest.xml"),
    "external entity of a sitemap": '<!DOCTYPE a [<!ENTITY a SYSTEM "{to}">]>' + SITEMAP.replace("{to}", "&a;"),
    "external DTD of a sitemap": '<!DOCTYPE urlset SYSTEM "{to}">' + SITEMAP,
    "XInclude in a sitemap": SITEMAP.replace("<url>", f"<url>{INCLUDE}"),
    "schema of a sitemap": SITEMAP.replace("<urlset", f"<urlset {SCHEMA}"),
}
ATOMS = {
    "xml:base of an Atom feed": 'xml:base="{to}"><title>a</title><entry><title>a</title><link href="b"/></entry>',
    "next page of an Atom feed": '><link rel="next" href="{to}"/><link rel="hub" href="{to}"/><link rel="self" '
    'href="{to}"/><entry><title>a</title><id>{to}</id></entry>',
}
OTHERS: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "redirect of a feed to": _whole("/feed/"),
    "permanent redirect of a feed to": _whole("/feed/", 308),
    "redirect of robots.txt to": _whole("/robots.txt"),
    "third redirect in a row to": _hops,
    "Refresh header to": _headers("Refresh", "0; url={to}"),
    "Link header to": _headers("Link", "<{to}>; rel=preload; as=style"),
    "Content-Location of a feed": lambda _own, to: {
        "pages": {"/feed/": {**rss("a", "/b"), "headers": {**XML, "Content-Location": to}}}
    },
    **{attack: _page(head=head) for attack, head in IN_HEAD.items()},
    **{attack: _page(body=body) for attack, body in IN_BODY.items()},
    "link of a listing": _listing("", '<a href="{to}-a-long-title-of-an-article">Суд</a>'),
    "base element of a listing": _listing('<base href="{to}">', f'<a href="//{LONG_LINK}">Суд</a>'),
    **{attack: _sitemap(body) for attack, body in SITEMAPS.items()},
    **{attack: _feed(head=head, more="<description>&a;</description>") for attack, head in BEFORE_FEED.items()},
    **{attack: _feed(more=more) for attack, more in IN_ENTRY.items()},
    **{attack: _atom(body) for attack, body in ATOMS.items()},
    "name for 127.0.0.1": _named(["127.0.0.1"]),
    "name for 10.0.0.1": _named(["10.0.0.1"]),
    "name for 169.254.169.254": _named(["169.254.169.254"]),
    "name for 0.0.0.0": _named(["0.0.0.0"]),
    "name for 100.64.0.1": _named(["100.64.0.1"]),
    "name for a private IPv6 address": _named(["fd00:ec2::254"]),
    "name for ::ffff:10.0.0.1": _named(["::ffff:10.0.0.1"]),
    "name for a private address and a public one": _named(["10.0.0.1", "93.184.215.14"]),
    "name for a public address and a private one": _named(["93.184.215.14", "10.0.0.1"]),
    "name that changes to 10.0.0.1 after the first look": _named(["93.184.215.14"], ["10.0.0.1"]),
    "name that changes to 127.0.0.1 after the second look": _named(["93.184.215.14"], ["93.184.215.14"], ["127.0.0.1"]),
}


def pages_of(bait: Bait) -> dict[str, dict[str, Any]]:
    """All that a bait's host answers."""
    return {"/robots.txt": answer("User-agent: *\nDisallow:\n", **{"Content-Type": "text/plain"}), **bait.pages}


def declaration_of(bait: Bait) -> dict[str, Any]:
    """What is declared of it."""
    facts = {
        "name": bait.name, "languages": ["ru"], "hosts": [bait.host], "feeds": [f"http://{bait.host}/feed/"],
        "every_minutes": 1, "delay_s": 1, **bait.declared,
    }  # fmt: skip
    return {name: value for name, value in facts.items() if value is not None}


def named() -> Iterator[tuple[str, list[list[str]]]]:
    """What the names in ADDRESSES stand for."""
    yield "localhost", [["127.0.0.1"]]
    yield "inner.example", [["10.0.0.1"]]
    yield "metadata.google.internal", [["169.254.169.254"]]
    yield "outlet.example", [["93.184.215.14"]]
    yield "outlet.example.inner.example", [["10.0.0.1"]]
    yield "rebound.example", [["93.184.215.14"], ["10.0.0.1"]]
