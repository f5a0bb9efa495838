"""
Classify texts
==============

Short reviews, good or bad. The codec that cuts them into words travels with the model.
"""

import numpy as np

from elman import Classifier, plots

draws = np.random.default_rng(0)
good, bad = ["warm", "funny", "a joy"], ["dull", "cold", "a bore"]
films = ["the film", "this story", "the plot", "every scene"]
texts, labels = [], []
for n in range(240):
    turned = draws.random() < 0.3
    word = draws.choice(good if n % 2 else bad)
    texts.append(f"{draws.choice(films)} is {'not ' if turned else ''}{word}")
    labels.append("good" if bool(n % 2) != turned else "bad")

model = Classifier(cell="gru", units=16, embedding=8, epochs=10, learning_rate=0.02)
model.fit(texts[:180], labels[:180])
result = model.evaluate(texts[180:], labels[180:])
print(result["accuracy"], result["baselines"])

# %%
# What it believes after each word.
text = "this story is not a bore"
words = plots.sentence(model.model_.pieces(text), model.trace(text), model.classes_.tolist())
