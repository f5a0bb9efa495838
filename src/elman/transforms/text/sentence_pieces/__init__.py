"""The models of sentencepiece: their file, their normaliser, and both of their algorithms."""
