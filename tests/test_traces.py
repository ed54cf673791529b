"""Traces: off without a collector; on, they nest, count and say nothing of anybody."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from kzmonitor import traces
from kzmonitor.classify import registry
from kzmonitor.collect import import_texts, importing
from kzmonitor.config import Settings
from kzmonitor.incidents.understand import understand
from kzmonitor.review import create_app
from kzmonitor.sources.registry import load
from kzmonitor.store import Database
from kzmonitor.traces import span
from tests.review.conftest import TOKEN, Browser, portal  # noqa: F401 - a fixture

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What a collector would be told."""
    exporter, provider = InMemorySpanExporter(), traces.provider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr(traces, "_provider", lambda: provider)
    yield exporter
    provider.shutdown()


def by_name(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {one.name: one for one in exporter.get_finished_spans()}


def test_without_a_collector_nothing_is_imported_and_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in traces.ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    code = (
        "import sys\nfrom kzmonitor.traces import span\n"
        "with span('score', articles=3) as told: told(mail=1)\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"


def test_a_collector_that_does_not_answer_costs_a_moment_and_no_work(tmp_path: Path) -> None:
    code = "from kzmonitor.traces import span\nwith span('score'): print('scored')\nprint('left')"
    environment = {"PYTHONPATH": ":".join(sys.path), "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment)
    assert (done.returncode, done.stdout) == (0, "scored\nleft\n")


def test_spans_nest_and_count(heard: InMemorySpanExporter) -> None:
    with span("understand"), span("score", articles=3) as told:
        told(mail=1)
    inner, outer = by_name(heard)["score"], by_name(heard)["understand"]
    assert inner.parent is not None
    assert inner.parent.span_id == outer.context.span_id
    assert outer.parent is None
    assert dict(inner.attributes or {}) == {"kzmonitor.articles": 3, "kzmonitor.mail": 1}


def test_of_an_error_only_its_kind_is_told(heard: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="Asel"), span("digest"):
        raise ValueError("Asel, https://vlast.kz/1")
    [told] = heard.get_finished_spans()
    assert (told.status.status_code, told.status.description) == (StatusCode.ERROR, None)
    assert dict(told.attributes or {}) == {"error.type": "ValueError"}
    assert not told.events


@pytest.mark.parametrize("counts", [{"title": "Задержан"}, {"url": "https://vlast.kz"}, {"Имя": 1}])
def test_nothing_but_counts_can_be_told(heard: InMemorySpanExporter, counts: dict[str, object]) -> None:
    with pytest.raises(AssertionError), span("score", **counts):  # type: ignore[arg-type]
        pass
    with pytest.raises(AssertionError), span("vlast.kz/1"):
        pass


def test_a_run_and_a_page_are_told_without_a_word_of_what_they_hold(
    champion: Database,
    heard: InMemorySpanExporter,
    tmp_path: Path,
    portal,  # type: ignore[no-untyped-def]  # noqa: F811
) -> None:
    texts = [
        {"title": one.title, "text": one.text, "url": f"https://vlast.kz/novosti/{7000 + number}-x.html"}
        for number, one in enumerate(registry.seed_texts()[:6])
    ]
    (tmp_path / "texts.jsonl").write_text("\n".join(map(json.dumps, texts)))
    importing.bring_all(champion, load(), import_texts.read_jsonl(tmp_path / "texts.jsonl"), lambda: NOW)
    understand(champion, load().sources, Settings(_env_file=None), lambda: NOW)  # type: ignore[call-arg]
    app = create_app(champion, token=TOKEN, secret_key="k" * 32, clock=lambda: NOW)
    browser = Browser(app, portal).log_in()
    assert browser.get("/search?q=полиция").status_code == 200

    spans = heard.get_finished_spans()
    names = by_name(heard)
    assert {"understand", "score", "group", "page search_page"} <= set(names)
    assert (names["score"].attributes or {})["kzmonitor.articles"] == 6
    assert (names["page search_page"].attributes or {})["kzmonitor.status"] == 200
    told = json.dumps([json.loads(one.to_json()) for one in spans], ensure_ascii=False)
    for word in ("vlast", "http", "полиц", TOKEN, *(one["title"] for one in texts)):
        assert word not in told
    values = {value for one in spans for value in (one.attributes or {}).values()}
    assert all(isinstance(value, int | float) for value in values)
