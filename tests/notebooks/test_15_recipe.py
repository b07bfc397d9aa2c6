"""What `15-recipe` finds out."""

import re


def test_the_recipe_guards_a_flat_market_refuses_to_look_ahead_and_finds_the_raw_price_clearly_worse(text):
    assert re.search(r"the textbook says \[.*nan.*\] and the feature \[0\.5\]", text)
    assert "must not look ahead" in text
    (worse,) = re.findall(r"target: raw: error \+(\S+)%, clear", text)
    assert float(worse) > 20
