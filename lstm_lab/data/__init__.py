"""From a source to a Dataset: tables, dates, encoding, windows: NumPy and pandas only."""
