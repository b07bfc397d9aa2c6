"""Gate traces and what follows from them: verified replay, attribution, memory."""
