"""The classifier stays as good as it was, on held-out texts that never change."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import card, floor

ROOT = Path(__file__).parent.parent
BEFORE = {"recall": {"value": 0.9, "margin": 0.02, "sign": 1}, "alike": {"value": 0.05, "margin": 0.01, "sign": -1}}


def now(recall: float, alike: float) -> dict[str, floor.Figure]:
    return {"recall": BEFORE["recall"] | {"value": recall}, "alike": BEFORE["alike"] | {"value": alike}}


def test_the_held_out_files_are_those_that_were_frozen() -> None:
    assert floor.hashes("heldout") == floor.frozen()


def test_the_floor_was_measured_on_the_frozen_files() -> None:
    assert json.loads(floor.FLOOR.read_text())["heldout"] == floor.frozen()


def test_a_figure_may_vary_within_its_margin_and_rise_as_it_likes() -> None:
    assert floor.fallen(BEFORE, now(0.885, 0.055)) == []
    assert floor.fallen(BEFORE, now(0.99, 0.0)) == []


@pytest.mark.parametrize(("recall", "alike", "named"), [(0.87, 0.05, "recall"), (0.9, 0.07, "alike")])
def test_a_figure_below_its_margin_is_named(recall: float, alike: float, named: str) -> None:
    (line,) = floor.fallen(BEFORE, now(recall, alike))
    assert line.startswith(f"{named} is ")


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A floor file and a model card of their own, and a model somewhat worse than the floor."""
    monkeypatch.setattr(floor, "FLOOR", tmp_path / "floor.json")
    monkeypatch.setattr(floor, "measured", lambda: now(0.89, 0.05))
    own = tmp_path / "CARD.md"
    own.write_text("# Card\n\n<!-- table: lowered floors -->\n\nNone yet.\n\n<!-- end -->\n\nEnd.\n")
    rewrite, inside = card.rewrite, card.inside
    monkeypatch.setattr(card, "rewrite", lambda tables: rewrite(tables, own))
    monkeypatch.setattr(card, "inside", lambda name: inside(name, own))
    return own


def test_the_floor_is_not_lowered_without_a_reason(written: Path) -> None:
    assert "recall from 0.900 to 0.890" in str(floor.written({"figures": BEFORE}, None))
    assert not floor.FLOOR.exists()


def test_a_reason_for_lowering_the_floor_stands_in_the_card(written: Path) -> None:
    assert floor.written({"figures": BEFORE}, "fewer\nfalse names") is None
    assert "\n- fewer false names: recall from 0.900 to 0.890\n" in written.read_text()
    assert json.loads(floor.FLOOR.read_text())["figures"]["recall"]["value"] == 0.89


def test_a_first_floor_needs_no_reason(written: Path) -> None:
    assert floor.written(None, None) is None
    assert "None yet." in written.read_text()


@pytest.mark.slow
def test_the_classifier_is_not_below_its_floor() -> None:
    done = subprocess.run([sys.executable, "bench/floor.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
