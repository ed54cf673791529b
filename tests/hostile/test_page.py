"""docs/hostile-input.md and the tests say the same: no row without a test, no test of an attack without a row."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "hostile-input.md"
# What tests of this folder check about themselves.
ABOUT_THE_TESTS = {
    "test_the_table_reaches_everybody_if_the_gate_is_left_open",
    "test_only_the_public_address_of_the_tests_counts_as_public",
    "test_the_commands_ran_to_their_end",
    "test_no_capture_holds_what_the_inner_network_says",
    "test_the_trap_would_have_sprung",
    "test_each_kind_has_documents_of_ours_and_of_packages",
    "test_the_same_seed_makes_the_same_document",
    "test_packed_documents_are_damaged_inside",
    "test_a_feed_has_an_end",
    "test_the_title_of_a_layout_is_cut",
    "test_a_header_that_is_no_csv_is_one_line",
}


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if not line.startswith("| attack")]


def known_tests() -> set[str]:
    return {
        f"tests/hostile/{path.name}::{node.name}"
        for path in HERE.glob("test_*.py")
        if path.name != Path(__file__).name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_each_row_names_a_test_that_there_is() -> None:
    assert len(rows()) > 20
    for attack, happens, shown in rows():
        named = set(re.findall(r"`(tests/[^`]+)`", shown))
        assert all((attack, happens, named)), attack
        assert named <= known_tests(), attack


def test_each_test_of_an_attack_has_a_row() -> None:
    named = {name for row in rows() for name in re.findall(r"`(tests/[^`]+)`", row[2])}
    assert {name for name in known_tests() - named if name.partition("::")[2] not in ABOUT_THE_TESTS} == set()
