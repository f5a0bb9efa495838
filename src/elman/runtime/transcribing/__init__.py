"""What a transcriber is made of: what it hears, how it looks for labels, what it says of them."""
