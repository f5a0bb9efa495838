"""
Tag words
=========

A tag for each word, with a conditional random field, so that tags that follow each other fit.
"""

import numpy as np

from elman import Tagger

draws = np.random.default_rng(0)
people, places = ["Ada", "Alan", "Grace"], ["Paris", "Turin", "New York"]
words, tags = [], []
for _ in range(150):
    who, where = draws.choice(people), draws.choice(places).split()
    words.append([who, "flew", "to", *where])
    tags.append(["B-PER", "O", "O", "B-LOC", *["I-LOC"] * (len(where) - 1)])

model = Tagger(units=16, embedding=8, epochs=8, learning_rate=0.02)
model.fit(words[:120], tags[:120])
result = model.evaluate(words[120:], tags[120:])
print(result["score"], result["baselines"])
print(model.predict([["Ada", "flew", "to", "New", "York"]])[0])
