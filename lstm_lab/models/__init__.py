"""Keras networks: building, cloning, serialising. TensorFlow is imported in `models.backend` alone."""
