"""Monte Carlo roll-outs of a network: simulator, dropout masks, residual noise."""
