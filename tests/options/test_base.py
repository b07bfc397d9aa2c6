"""What texts mean as options, and that former names are taken for one release."""

import pytest

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
