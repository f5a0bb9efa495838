"""A blueprint's network on NumPy arrays: whole sequences, steps, and what goes on inside."""

from elman.runtime.network.batching import Run, run_batches, scaled_sequence, sequences_for
from elman.runtime.network.decoder import Decoder
from elman.runtime.network.network import Network
from elman.runtime.network.recording import LayerRecording, Recording
from elman.runtime.network.stepping import NetworkStepper

__all__ = [
    "Decoder",
    "LayerRecording",
    "Network",
    "NetworkStepper",
    "Recording",
    "Run",
    "run_batches",
    "scaled_sequence",
    "sequences_for",
]
