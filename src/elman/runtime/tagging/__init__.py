"""What a tagger needs beside its network: words as codes, schemes of spans, the decoding."""
