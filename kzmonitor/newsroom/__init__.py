"""A local server that behaves like news outlets, for the demo and for tests of everything that collects.

outlet = outlet_from_jsonl(Path("reports.jsonl"), layout="vlast")
with Newsroom([outlet]) as newsroom:
    declare(newsroom, Path("declarations"))
    outlet.fault("/feed/", Fault(status=503, retry_after=2, times=1))
"""

from .declarations import declare
from .faults import Fault
from .layouts import layout_declaration
from .outlets import Article, Outlet, outlet_from_jsonl
from .records import Record
from .server import Newsroom, Request
from .serving import demo_files, outlets_from, serve

__all__ = [
    "Article",
    "Fault",
    "Newsroom",
    "Outlet",
    "Record",
    "Request",
    "declare",
    "demo_files",
    "layout_declaration",
    "outlet_from_jsonl",
    "outlets_from",
    "serve",
]
