"""What generators learn beside texts: a room for each kind of what is written."""
