"""How agents go on: corrections and their shares, samples, who comes near whom."""
