"""Vlast: its server leaves kept-alive connections hanging."""

from spiders.declared import DeclaredSpider


class VlastSpider(DeclaredSpider):
    """One connection a request; all else as declared (archive paging, the id as key)."""

    name = "vlast"

    def extra_headers(self) -> dict[str, str]:
        """Ask for the connection to be closed."""
        return {"Connection": "close"}
