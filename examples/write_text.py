"""
Write text
==========

A language model of characters learns from Python's own words, and goes on with what it is given.
"""

import contextlib
import io

from elman import Generator, plots

with contextlib.redirect_stdout(io.StringIO()) as said:
    import this  # noqa: F401
zen = said.getvalue()

model = Generator(units=48, embedding=16, epochs=15, learning_rate=0.01, batch_size=4)
model.fit(zen)
for one in model.generate("Beautiful is", n=2, max_length=60, temperature=0.5, seed=1):
    print(one.text)

# %%
# How surprised it is: what it learnt, and what it never saw.
scored = model.session().read("Simple is better than a zebra.")
surprise = plots.surprise(scored.tokens, scored.surprise)
