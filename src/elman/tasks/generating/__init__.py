"""What else a generator learns to write than texts: how each kind is learnt."""
