"""Traces of the stages, for who runs a collector of OpenTelemetry: how long each took and how many it handled.

Off unless OTEL_EXPORTER_OTLP_ENDPOINT (or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) is set; then nothing is imported. A span
holds the name of a stage and counts, nothing else: no names, addresses or texts, and of an error only its kind."""

import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from kzmonitor import VERSION

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
# A collector that is gone must not hold up collecting. OTEL_EXPORTER_OTLP_TIMEOUT says otherwise.
TIMEOUT_S = 3
PAGE = "page"
_WORD = re.compile(r"[a-z][a-z_]{0,39}( [a-z][a-z_]{0,39})?", re.ASCII)
Note = Callable[..., None]
log = logging.getLogger(__name__)


@contextmanager
def span(stage: str, **counts: float) -> Iterator[Note]:
    """The time of a stage, with counts; what it gives takes more of them, when they are known. Spans of what is called
    inside stand below it. Where traces are off it does nothing."""
    provider = _provider()
    if provider is None:
        yield _unheard
        return
    from opentelemetry.trace import Status, StatusCode, get_current_span

    assert _WORD.fullmatch(stage), f"{stage}: not the name of a stage"
    outermost = not get_current_span().get_span_context().is_valid
    tracer = provider.get_tracer("kzmonitor", VERSION)
    # What an error says may hold anything.
    with tracer.start_as_current_span(stage, record_exception=False, set_status_on_exception=False) as open_span:

        def note(name: str = "", /, **more: float) -> None:
            for key, value in more.items():
                assert isinstance(value, int | float), f"{key}: only counts are told"
                assert _WORD.fullmatch(key), f"{key}: not a name of ours"
                open_span.set_attribute(f"kzmonitor.{key}", value)
            if name:
                assert _WORD.fullmatch(name), f"{name}: not the name of a stage"
                open_span.update_name(name)

        note(**counts)
        try:
            yield note
        except BaseException as error:
            open_span.set_status(Status(StatusCode.ERROR))
            open_span.set_attribute("error.type", type(error).__name__)
            raise
    # Tasks end without a farewell; a desk goes on, and sends when there is enough.
    if outermost and not stage.startswith(PAGE):
        provider.force_flush(TIMEOUT_S * 1000)


def is_on() -> bool:
    """Whether traces are asked for."""
    return any(os.environ.get(name) for name in ENDPOINTS)


def _unheard(_name: str = "", /, **_counts: float) -> None:
    """Where nobody listens."""


@cache
def _provider() -> Any:
    """Our own, beside whatever Airflow has set up for itself; None where traces are off."""
    if not is_on():
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("traces are asked for, but opentelemetry-sdk and opentelemetry-exporter-otlp are not installed")
        return None
    made = provider()
    limit_s = None if os.environ.get("OTEL_EXPORTER_OTLP_TIMEOUT") else TIMEOUT_S
    made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=limit_s)))
    return made


def provider() -> "TracerProvider":
    """Where our spans are made: they name this program and its version, and not the machine."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    return TracerProvider(resource=Resource.create({"service.name": "kzmonitor", "service.version": VERSION}))
