"""The folder of a run: checkpoints that resume to the bit, its lock, its journal."""
