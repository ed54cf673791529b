"""Outlets that need code of their own, and ways around a wall."""

import pytest

from kzmonitor.newsroom import Fault, Outlet
from kzmonitor.newsroom.faults import EMPTY
from kzmonitor.newsroom.layouts import LAYOUTS

TICKER = b"""<!doctype html><html><body><div class="news">
<div class="news__item" data-article-id="33490930"><h2 class="news__title">A line <i>of</i> the ticker</h2></div>
<div class="news__item" data-article-id="33490916"><h2>Known by its link, too</h2></div>
<div class="news__item" data-article-id="evil/../../x"><h2>No number</h2></div>
<div class="news__item"><h2>No id</h2></div>
<a href="/a/report-number-0-from-the-district-court/33490916.html">Report</a>
</div></body></html>"""
INDEX = """<?xml version="1.0"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</sitemapindex>"""


def index(*addresses: str) -> Fault:
    children = "".join(f"<sitemap><loc>{address}</loc></sitemap>" for address in addresses)
    return Fault(body=INDEX.format(children).encode(), content_type="application/xml")


def test_the_ticker_of_azattyq_names_articles_by_number(desk_of, reports) -> None:
    outlet = Outlet("azattyq", "pangea", reports(4))
    with desk_of(outlet, listings=True, spiders={"azattyq": "azattyq"}) as desk:
        desk.change("azattyq", feeds=None)
        outlet.fault("/z/330", Fault(body=TICKER))
        assert desk.collect()["azattyq"].counts["fetched"] == 2
        assert desk.rows("select canonical_url, title from entry order by 1") == [
            (f"{outlet.base_url}/a/33490916.html", "Report"),
            (f"{outlet.base_url}/a/33490930.html", "A line of the ticker"),
        ]


def test_of_a_sitemap_index_azattyq_reads_the_latest_only_and_loops_end(desk_of, reports) -> None:
    outlets = [Outlet("azattyq", "pangea", reports(3)), Outlet("plain", "plain", reports(3))]
    with desk_of(*outlets, sitemaps=True, spiders={"azattyq": "azattyq"}) as desk:
        azattyq, plain = outlets
        for outlet in outlets:
            desk.change(outlet.slug, feeds=None)
        azattyq.fault(
            "/sitemap.xml",
            index(f"{azattyq.base_url}/sitemap_9_1.xml.gz", f"{azattyq.base_url}/sitemap_9_latest.xml.gz"),
        )
        children = [f"{plain.base_url}/{name}.xml" for name in ("x" * 3000, *"abcde")]
        plain.fault("/sitemap.xml", index(*children))
        for name in "abcde":
            plain.fault(f"/{name}.xml", index(f"{plain.base_url}/sitemap.xml", f"{plain.base_url}/a.xml"))
        ended = desk.collect()
        assert desk.asked("azattyq")[:3] == ["/robots.txt", "/sitemap.xml", "/sitemap_9_latest.xml.gz"]
        assert ended["azattyq"].counts["fetched"] == 3
        assert desk.asked("plain") == ["/robots.txt", "/sitemap.xml", "/a.xml", "/b.xml", "/c.xml"]


def test_vlast_gets_a_connection_for_each_request(desk_of, reports) -> None:
    with desk_of(Outlet("vlast", "vlast", reports(2)), listings=True, spiders={"vlast": "vlast"}) as desk:
        assert desk.collect()["vlast"].counts["fetched"] == 2
        own = [one for one in desk.newsroom.requests if one.path != "/robots.txt"]
        assert {one.headers["Connection"] for one in own} == {"close"}


def test_an_unknown_spider_is_named_and_the_other_sources_go_on(desk_of, reports) -> None:
    outlets = [
        Outlet("one", "plain", reports(1)),
        Outlet("two", "plain", reports(1)),
        Outlet("six", "plain", reports(1)),
    ]
    with desk_of(*outlets, spiders={"one": "nosuch", "two": "house"}) as desk:
        ended = desk.collect()
        assert "spiders/nosuch.py" in ended["one"].finished
        assert "spiders/house.py" in ended["two"].finished
        assert ended["six"].counts["fetched"] == 1


@pytest.mark.parametrize("blocked", ["everything", "pages"])
def test_a_wall_is_passed_by_a_mirror_that_is_still_declared(desk_of, reports, blocked: str) -> None:
    own, mirror = Outlet("own", "vlast", reports(3)), Outlet("mirror", "vlast", reports(3))
    wall = "*" if blocked == "everything" else "/english/*"
    own.fault(wall, Fault(status=403) if blocked == "pages" else Fault(reset_at=0.0))
    with desk_of(own, mirror) as desk:
        hosts = [f"127.0.0.1:{own.port}", {"host": f"127.0.0.1:{mirror.port}", "until": "2099-01-01"}]
        either = f"http://127.0.0.1:(?:{own.port}|{mirror.port}){LAYOUTS['vlast'].url_id}"
        desk.change("own", hosts=hosts, url_id=either, routes=["direct", "mirror"])
        ended = desk.collect("own")["own"]
        assert ended.counts["fetched"] == 3, ended
        assert len(desk.pages("mirror")) == 3
        assert desk.asked("mirror")[0] == "/robots.txt"
        pages = "select distinct route from capture where url like '%/english/%' and status = 200"
        assert desk.rows(pages) == [("mirror",)]
        assert {row[0] for row in desk.rows("select canonical_url from entry")} == set(own.addresses())


def test_a_mirror_past_its_day_is_not_asked_and_the_next_route_is_taken(desk_of, reports) -> None:
    own, old, proxy = (Outlet(slug, "plain", reports(2)) for slug in ("own", "old", "proxy"))
    own.fault("*", Fault(reset_at=0.0))
    with desk_of(own, old, proxy) as desk:
        desk.change(
            "own",
            hosts=[f"127.0.0.1:{own.port}", {"host": f"127.0.0.1:{old.port}", "until": "2020-01-01"}],
            routes=["direct", "mirror", "proxy"],
            proxy=f"http://127.0.0.1:{proxy.port}",
        )
        proxy.fault("/feed/", EMPTY)
        ended = desk.collect("own")["own"]
        assert desk.asked("old") == []
        assert ended.counts["poll:empty"] == 1
        assert desk.asked("proxy") == [f"{own.base_url}/robots.txt", f"{own.base_url}/feed/"]
        assert desk.rows("select route from capture") == [("proxy",)]


def test_when_the_proxy_for_everything_is_down_nothing_goes_out(
    desk_of, reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk_of(Outlet("dala", "plain", reports(1))) as desk:
        monkeypatch.setenv("KZMONITOR_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("no_proxy", "*")
        ended = desk.collect()["dala"]
        assert ended.counts == {"poll:robots-unreachable": 1, "new": 0}
        assert desk.newsroom.requests == []
        assert desk.rows("select error from poll") == [("connection",)]


def test_behind_a_proxy_of_our_own_network_names_are_left_to_it(
    desk_of, reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk_of(Outlet("dala", "plain", reports(1)), Outlet("proxy", "plain", reports(1))) as desk:
        desk.change("dala", hosts=["dala.example"], feeds=["http://dala.example/feed/"], layouts=None, delay_s=1)
        monkeypatch.setenv("KZMONITOR_ALLOW_LOOPBACK", "0")
        monkeypatch.setenv("KZMONITOR_PROXY", f"http://localhost:{desk.newsroom.outlets['proxy'].port}")
        assert desk.collect("dala")["dala"].counts == {"poll:ok": 1, "new": 0}
        assert desk.asked("proxy") == ["http://dala.example/robots.txt", "http://dala.example/feed/"]
        assert desk.asked("dala") == []
