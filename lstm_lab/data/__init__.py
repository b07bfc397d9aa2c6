"""Files and frames, features, transforms, encoding, windows: NumPy and pandas only."""
