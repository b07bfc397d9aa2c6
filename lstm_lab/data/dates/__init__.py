"""Dates and times: which columns hold them, how they are written, and the index that they become."""
