"""Backtests, comparisons, ablations and searches: forecasts from many origins, scored against what happened."""
