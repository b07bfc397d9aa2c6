"""From a frame to standardised rows: transforms, features, scaling, the encoder."""
