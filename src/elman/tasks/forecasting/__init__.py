"""How a forecaster is planned, built and trained."""
