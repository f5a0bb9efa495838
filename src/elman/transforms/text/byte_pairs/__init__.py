"""Byte-pair encoding: splitting a text, merging symbols, and the files of `tokenizers`."""
