"""Backtests, comparisons and ablations: forecasts from many origins, scored against what happened."""
