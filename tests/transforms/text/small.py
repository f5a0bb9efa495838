"""A byte-level tokenizer small enough to be written by hand."""

from __future__ import annotations

from elman.transforms.text import Subwords
from elman.transforms.text.byte_pairs.patterns import GPT2
from elman.transforms.text.byte_pairs.splitting import Split, Splitting
from elman.transforms.text.byte_pairs.tokenizer_file import BytePairs
from elman.transforms.text.codec import SPECIALS
from elman.transforms.text.subwords import ALPHABET

SPACE = ALPHABET[0x20]
E_ACUTE = "".join(ALPHABET[byte] for byte in "é".encode())
MERGES = (
    ("t", "h"), ("th", "e"), (SPACE, "the"), ("d", "o"), ("do", "g"), (SPACE, "dog"), ("dog", "s"),
    ("a", "g"), ("a", "i"), ("ai", "n"), ("ag", "ain"), (SPACE, "again"), (SPACE, SPACE),
    ("a", "a"), ("aa", "aa"), ("h", "e"), ("e", "t"), (E_ACUTE[0], E_ACUTE[1]), ("1", "2"),
    (SPACE + SPACE, SPACE + SPACE), ("l", "l"),
)  # fmt: skip
TOKENS = (*SPECIALS, *ALPHABET, *("".join(merge) for merge in MERGES))
SMALL = Subwords(BytePairs(TOKENS, MERGES, Splitting(splits=(Split(GPT2),)), specials=SPECIALS))
