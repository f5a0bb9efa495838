"""
Translate dates
===============

From dates as people write them to dates as computers do, with the attention drawn.
"""

from elman import Translator, plots
from elman.data import load_pairs

pairs, judged = load_pairs("dates", "train"), load_pairs("dates", "test")
model = Translator(units=48, embedding=24, epochs=8, learning_rate=0.01, bidirectional=True)
model.fit(list(pairs.source[:2000]), list(pairs.target[:2000]))
result = model.evaluate(list(judged.source[:200]), list(judged.target[:200]))
print(f"{result['exact']:.0%} exactly right", result["baselines"])

# %%
# Where it looks while it writes.
answer = model.translate("3rd of May 1998", attention=True)
print(answer.text)
attention = plots.attention(answer.source_tokens, [*answer.tokens, "<eos>"], answer.attention)
