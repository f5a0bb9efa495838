"""
Read digits row by row
======================

A recurrent layer reads an image of eight rows, one row a step, and says which digit it is. The
digits come with scikit-learn.
"""

from elman import Classifier, plots
from elman.data import load

digits, unseen = load("digits", "train"), load("digits", "test")
model = Classifier(cell="gru", units=32, epochs=8, learning_rate=0.01)
model.fit(digits.sequences, digits.labels)

# %%
# The score stands beside what needs no network.
result = model.evaluate(unseen.sequences, unseen.labels)
print(result["accuracy"], result["baselines"])

# %%
# One image as it is being read: what the network believes after each row.
reading = plots.unrolled(model.model_.record(unseen.sequences.values[3]), model.classes_)
