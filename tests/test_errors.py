from lstm_lab.errors import did_you_mean


def test_a_list_of_choices_is_short_and_names_each_once():
    choices = [f"column {number}" for number in range(3_000)]
    assert did_you_mean("rain", ["sun", "wind", "sun"]) == "choose from 'sun', 'wind'"
    text = did_you_mean("rain", choices)
    assert text.endswith("'column 39' and 2960 more")
    assert did_you_mean("colunm 2999", choices) == "did you mean 'column 2999'?"
