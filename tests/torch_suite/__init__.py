"""PyTorch's own tests of recurrent modules, run on the twins and on accelerated modules.

`make torch-tests` runs what ships inside torch (`shipped`), and with TORCH_CHECKOUT=PATH the files
of a PyTorch checkout, too (`checkout`). What differs by decision stands in differences.toml.
"""
