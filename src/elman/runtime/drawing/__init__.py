"""What a generator does with drawings: how it reads them, scores them, draws."""
