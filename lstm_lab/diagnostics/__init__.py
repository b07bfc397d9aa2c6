"""What a network would be given, measured before training, and findings with their remedies."""
