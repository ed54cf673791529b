"""The table of faults is complete: no row without a test, no test without a row, and a page that says the same."""

import ast

import pytest

from tests.faults.table import FAULTS, GROUPS, HERE, PAGE, ROOT, Fault, page


def functions_of(text: str) -> set[str]:
    """The tests that a file holds."""
    functions = [one.name for one in ast.parse(text).body if isinstance(one, ast.FunctionDef)]
    return {name for name in functions if name.startswith("test_")}


def test_the_page_is_made_from_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.faults.table"


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_each_row_is_shown_by_tests(fault: Fault) -> None:
    files = {}
    for name in fault.tests:
        file, _colons, test = name.partition("::")
        files[file] = (ROOT / file).read_text()
        assert test in functions_of(files[file]), name
    assert files
    if fault.line:  # and one of them reads the line that the page shows
        assert any(f'"{fault.id}")' in text for text in files.values()), "no test compares its line"


def test_each_test_of_the_suite_is_in_a_row() -> None:
    named = {test for fault in FAULTS.values() for test in fault.tests}
    written = {
        f"{HERE}{path.name}::{test}"
        for path in (ROOT / HERE).glob("test_*.py")
        if path.name != "test_table.py"
        for test in functions_of(path.read_text())
    }
    assert written <= named


def test_no_two_rows_have_one_name() -> None:
    assert len(FAULTS) == sum(map(len, GROUPS.values()))
