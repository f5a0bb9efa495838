"""What is learnt, by which lesson, and the loop that does it."""
