"""The first weeks of the simulated year, on a part of the corpus."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from bench import learning_page, simulated_year
from kzmonitor.classify import registry
from kzmonitor.learn import gate
from kzmonitor.store import Database

WEEKS, REVIEWS, POISONED = 3, 60, 120


@pytest.mark.slow
def test_promotions_harm_no_core_label_and_a_poisoned_batch_is_refused(database: Database, tmp_path: Path) -> None:
    year = simulated_year.beginning(database, share=0.5)
    simulated_year.live(year, WEEKS, REVIEWS)
    assert year.reviews == REVIEWS
    lived = [week for week in year.weeks[1:] if week.outcome != "rolled back"]
    assert [week.number for week in lived] == [1, 2, 3]
    assert {week.outcome for week in lived} <= {"promoted", "kept"}
    with database.session() as session:
        last = registry.classifier(registry.champion(session, simulated_year.BEGIN))
    world = year.world
    report = gate.compare(world.seed_model, last, {"frozen": world.frozen}, world.taxonomy)
    assert [one.of for one in report.worse if one.of in world.taxonomy.core] == []

    refused = simulated_year.poisoned(year, POISONED)
    assert not refused.report.passed
    learning_page.write(year, refused, POISONED, simulated_year.NOISE, tmp_path)
    picture = ElementTree.parse(tmp_path / "pictures" / "learning-year.svg").getroot()
    said = {"".join(text.itertext()).strip() for text in picture.findall(".//{*}text")}
    assert {"relevance", "mean of core labels", "mean of all labels", "poisoned batch refused"} <= said
    told = (tmp_path / "learning-year.md").read_text()
    assert "refused; worse beyond\n  noise: " in told
    assert told.count("\n| ") == len(year.weeks) + 1
