from pathlib import Path

from kzmonitor.export.dictionary import renewed
from kzmonitor.export.run import TABLES

PAGE = Path(__file__).parents[2] / "docs" / "export.md"


def test_the_page_has_the_columns_and_codes_of_now():
    page = PAGE.read_text("utf-8")
    assert page == renewed(page), "run: python -m kzmonitor.export.dictionary docs/export.md"


def test_every_column_of_every_table_is_explained():
    for table in TABLES.values():
        for column in table.columns:
            assert column.says.endswith("."), column
            assert f"| `{column.name}` |" in PAGE.read_text("utf-8")
