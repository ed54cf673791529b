"""What a text offers for its fields comes in one order, whatever the process."""

from kzmonitor.classify.fields.candidates import region_choices
from tests.classify.fields.test_counts import scene


def test_regions_are_offered_in_one_order_in_every_process():
    told = scene("Активистов задержали в Уральске, Алматы, Караганде, Актау, Павлодаре, Таразе и Шымкенте.")
    offered = [choice.region for choice in region_choices(told)]
    assert len(offered) > 4
    assert offered == sorted(offered)
