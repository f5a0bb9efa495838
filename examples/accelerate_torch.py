"""
Accelerate a PyTorch model
==========================

One line, the same parameters and the same answers; another line undoes it.
"""

import torch

import elman

torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.GRU(8, 64, batch_first=True))
inputs = torch.randn(32, 50, 8)
with torch.no_grad():
    before = model(inputs)[0]

print(elman.accelerate(model))
with torch.no_grad():
    after = model(inputs)[0]
print("largest difference:", float((after - before).abs().max()))
print(elman.explain(model[0], batch=32, time=50))

elman.restore(model)
