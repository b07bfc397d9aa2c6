"""Training: batches, Keras's loop with events, early stopping."""
