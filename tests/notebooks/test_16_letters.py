"""What `16-letters` finds out."""

import re

from notebook_runs import outputs


def test_it_learns_to_read(text):
    ((worst, best),) = re.findall(r"the next character is right in (\d+)% to (\d+)% of cases", text)
    assert 70 < int(worst) <= int(best) < 95


def test_one_unit_follows_the_quotation_with_every_seed(text):
    def smallest(name):
        (value,) = set(re.findall(rf"{name} +\S+ +(0\.\d+) +\S+", text))
        return float(value)

    assert smallest("a quotation") > 0.6
    assert smallest("a quotation, at spaces") > 0.6
    assert smallest("the throw of a coin") < 0.3


def test_the_quotation_is_forgotten_where_nothing_is_written_to_the_unit(text):
    asis, held, other = (
        int(chance)
        for name in ("as it is", "nothing written to the quote unit", "nothing written to the least related unit")
        for chance in re.findall(rf"where one comes next, {name}: (\d+)%", text)
    )
    assert held < asis / 2
    assert other > held


def test_the_text_is_coloured_by_the_unit(executed):
    assert sum("image/png" in output.get("data", {}) for output in outputs(executed)) >= 3


def test_a_transformer_of_as_many_weights_knows_fewer_letters_after_as_many_epochs(text):
    right = {
        name: (int(weights.replace(",", "")), float(least), float(most))
        for name, weights, least, most in re.findall(
            r"(LSTM|Transformer), (\S+) weights: (\S+) to (\S+) % right, with three seeds", text
        )
    }
    assert 0.8 < right["Transformer"][0] / right["LSTM"][0] < 1.2
    assert right["Transformer"][2] < right["LSTM"][1]
    assert right["Transformer"][1] > 50
