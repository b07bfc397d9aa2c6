"""What texts mean as options, and that former names are taken for one release."""

import pytest

from lstm_lab.errors import OptionError
from lstm_lab.options import ForecastOptions, TrainOptions, shared_out
from lstm_lab.options.interpretation import FindOptions


def test_an_old_name_means_the_present_option():
    with pytest.warns(FutureWarning, match="masks is called dropout_masks now; masks is removed in 0.3"):
        assert ForecastOptions.of({"masks": "step"}).dropout_masks == "step"
    with pytest.warns(FutureWarning):
        assert shared_out({"masks": "step", "epochs": 3}, TrainOptions, ForecastOptions) == [
            {"epochs": 3},
            {"dropout_masks": "step"},
        ]


def test_every_renamed_option_leads_to_an_option_that_exists():
    for model in (TrainOptions, ForecastOptions):
        assert set(model.renamed.values()) <= set(model.model_fields)
        assert not set(model.renamed) & set(model.model_fields)


@pytest.mark.parametrize("text", ["4-7", "7-4", "4,5,6,7"])
def test_steps_as_text_are_their_numbers(text):
    assert [int(step) for step in FindOptions.of({"steps": text}).steps] == [4, 5, 6, 7]


@pytest.mark.parametrize("name", TrainOptions.model_fields)
@pytest.mark.parametrize("number", [10**400, -(10**5000), [10**5000]], ids=["large", "negative", "in a list"])
def test_a_whole_number_without_end_is_refused_in_one_line(name, number):
    with pytest.raises(OptionError, match=rf"^{name} should have fewer digits, got a whole number of \d+ digits; for"):
        TrainOptions.of({name: number})


def test_digits_as_text_are_counted_too():
    with pytest.raises(OptionError, match=r"^epochs should have fewer digits, got a whole number of 400 digits; "):
        TrainOptions.of({"epochs": "1" * 400})


@pytest.mark.parametrize("name", ["epochs", "lookback", "units", "dropout", "seed"])
def test_on_is_no_number(name):
    with pytest.raises(OptionError, match=rf"^{name} should be a number, got True; for example {name}="):
        TrainOptions.of({name: True})
    assert TrainOptions.of({"mask": True}).mask


def test_a_value_that_cannot_be_written_down_is_called_by_its_type():
    class Silent:
        def __repr__(self):
            raise ValueError("boom")

    with pytest.raises(OptionError, match=r"^transform should be text, got a Silent; "):
        TrainOptions.of({"transform": Silent()})
