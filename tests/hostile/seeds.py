"""Good documents of each kind that kzmonitor reads, from which mutations start.

They come from the newsroom (each layout, each language), from our own writers of WARC and models, and from test files
that locked packages carry. feedparser, trafilatura, lxml, warcio and html5lib carry none in their wheels; what is used
is named in FILES."""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from kzmonitor.classify import persist
from kzmonitor.classify.train import train
from kzmonitor.newsroom import demo_files, outlet_from_jsonl
from kzmonitor.newsroom.layouts import LAYOUTS
from kzmonitor.newsroom.site import Site
from tests.classify.conftest import TAXONOMY, toy_texts

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ARTICLES = 2
LARGEST_FILE = 200_000
# Package and pattern of its files, by what they are read as.
FILES: dict[str, tuple[tuple[str, str], ...]] = {
    "feed": (("lxml", "isoschematron/resources/**/*.xsl"), ("lxml", "isoschematron/resources/**/*.rng")),
    "sitemap": (("lxml", "isoschematron/resources/**/*.xsl"),),
    "robots": (("tornado", "test/static/robots.txt"), ("justext", "stoplists/A*.txt")),
    "listing": (("tornado", "test/**/*.html"), ("flower", "templates/*.html"), ("airflow", "ui/dist/*.html")),
    "page": (("tornado", "test/**/*.html"), ("flower", "templates/*.html"), ("airflow", "providers/**/*.html")),
    "jsonl": (("jsonschema", "benchmarks/**/*.json"), ("sklearn", "datasets/tests/data/**/*.json.gz")),
    "csv": (("tornado", "test/csv_translations/*.csv"), ("matplotlib", "mpl-data/sample_data/*.csv")),
    "warc": (("sklearn", "datasets/tests/data/openml/id_2/*.gz"),),
    "model": (("joblib", "test/data/*.pkl"), ("joblib", "test/data/*.gz"), ("scipy", "io/tests/data/*.npz")),
    "packed": (("sklearn", "datasets/tests/data/openml/id_3*/*.gz"),),
}


# Kind -> our own documents, and those of packages.
Seeds = dict[str, tuple[tuple[bytes, ...], tuple[bytes, ...]]]


@cache
def seeds() -> Seeds:
    """All documents; a model is trained for them."""
    model = persist.save(train(toy_texts(), TAXONOMY))
    return {**pages_and_files(), "model": ((model,), tuple(_files("model")))}


@cache
def pages_and_files() -> Seeds:
    """All documents but the models."""
    found: dict[str, list[bytes]] = {kind: [] for kind in FILES if kind != "model"}
    for place, layout in enumerate(LAYOUTS):
        file = demo_files()[place % len(demo_files())]
        outlet = outlet_from_jsonl(file, layout=layout, now=NOW)
        site = Site(outlet)
        shown = outlet.articles()[:ARTICLES]
        for kind, paths in {
            "feed": ("/feed/", "/atom.xml"),
            "sitemap": ("/sitemap.xml", "/sitemap_9_latest.xml.gz"),
            "listing": ("/",),
            "robots": ("/robots.txt",),
            "page": tuple(article.address for article in shown),
        }.items():
            found[kind] += [answer.body for path in paths if (answer := site.answer(path, {})).status == 200]
        rows = [{"url": f"https://dala.kz{one.address}", "title": one.title, "text": one.record.text} for one in shown]
        found["jsonl"].append(file.read_bytes()[:20_000])
        found["csv"].append(_csv(rows))
        found["warc"] += [_warc(rows, found["page"][-1], packed=packed) for packed in (True, False)]
        found["packed"].append(gzip.compress(found["page"][-1], mtime=0))
    return {kind: (tuple(ours), tuple(_files(kind))) for kind, ours in found.items()}


def _files(kind: str) -> Iterator[bytes]:
    for package, pattern in FILES[kind]:
        spec = find_spec(package)
        assert spec is not None, package
        for folder in spec.submodule_search_locations or ():
            for path in sorted(Path(folder).glob(pattern)):
                if 0 < path.stat().st_size <= LARGEST_FILE:
                    yield path.read_bytes()


def _csv(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _warc(rows: list[dict[str, str]], page: bytes, *, packed: bool) -> bytes:
    file = io.BytesIO()
    writer = WARCWriter(file, gzip=packed, warc_version="1.1")
    writer.write_record(writer.create_warcinfo_record("a.warc", {"software": "newsroom"}))
    for row in rows:
        http = StatusAndHeaders("200 OK", [("Content-Type", "text/html; charset=utf-8")], protocol="HTTP/1.1")
        payload = io.BytesIO(page)
        writer.write_record(writer.create_warc_record(row["url"], "response", payload=payload, http_headers=http))
    about = io.BytesIO(json.dumps(rows).encode())
    writer.write_record(writer.create_warc_record(rows[0]["url"], "metadata", payload=about))
    return file.getvalue()
