"""What a generator does with texts: scores them, reads on, writes."""
