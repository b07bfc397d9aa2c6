"""Training: batches, Keras' loop with events, early stopping."""
