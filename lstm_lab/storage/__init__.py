"""Files written whole or not at all, and checkpoints that a killed process goes on from."""
