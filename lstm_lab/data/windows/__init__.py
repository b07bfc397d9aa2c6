"""From rows to windows: cuts, splits, padding, origins, weights of rows."""
