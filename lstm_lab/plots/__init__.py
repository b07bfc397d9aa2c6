"""See the map in `lstm_lab`."""
