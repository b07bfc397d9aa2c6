"""Forecasts: drawing paths, quantiles, calibration, baselines, metrics, streams."""
