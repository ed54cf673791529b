"""A probe asks each address once, keeps nothing, and says what might be declared instead."""

from kzmonitor.collect import crawl
from kzmonitor.newsroom import Fault, Outlet

HOME = b"""<!doctype html><html><head><link rel="alternate" type="application/rss+xml" href="/rss/new">
<link rel="alternate" type="application/rss+xml" href="/feed/"></head><body>Home</body></html>"""


def test_a_probe_tells_what_answers_and_what_to_try(desk_of, reports) -> None:
    well, moved = Outlet("well", "plain", reports(2)), Outlet("moved", "plain", reports(2))
    shut = Outlet("shut", "plain", reports(2))
    moved.fault("/feed/", Fault(status=404))
    moved.fault("/", Fault(body=HOME))
    shut.fault("/robots.txt", Fault(status=403))
    with desk_of(well, moved, shut, listings=True) as desk:
        slugs = ["well", "moved", "shut"]
        notes = {one.slug: one.notes for one in crawl.run(slugs, desk.folder, spider="probe")}
        seen = {slug: {(note["kind"], note["state"], note["items"]) for note in notes[slug]} for slug in slugs}
        [article] = [note for note in notes["well"] if note["kind"] == "article"]
        assert article["state"] == "ok"
        assert article["items"] > 100
        assert {("feed", "ok", 2), ("listing", "ok", 2)} <= seen["well"]
        assert {("feed", "404", 0), ("listing", "ok", 2), ("announced", "try-this", 0)} <= seen["moved"]
        assert [note["url"] for note in notes["moved"] if note["kind"] == "announced"] == [f"{moved.base_url}/rss/new"]
        assert seen["shut"] == {("feed", "robots-unreachable", 0), ("listing", "robots-unreachable", 0)}
        assert len(desk.asked("well")) == 4
        assert desk.asked("shut") == ["/robots.txt"]
        assert desk.rows("select 1 from poll union all select 1 from entry union all select 1 from capture") == []
