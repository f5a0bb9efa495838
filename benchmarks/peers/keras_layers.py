"""TensorFlow: Keras's layers inside tf.function, plain or compiled by XLA."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.problem import Problem, draw, sample
from benchmarks.work import Run

__all__ = ["grid"]

LAYERS = {"RNN": keras.layers.SimpleRNN, "LSTM": keras.layers.LSTM, "GRU": keras.layers.GRU}


def grid(problem: Problem, way: str) -> Run:
    numbers = draw(problem)
    layer = LAYERS[problem.cell](problem.hidden, return_sequences=True)
    layer.build(numbers.inputs.shape)
    layer.set_weights(_weights(problem.cell, numbers))
    inputs, grad_outputs = tf.constant(numbers.inputs), tf.constant(numbers.grad_outputs)

    def infer(inputs: Any) -> list[Any]:
        return [layer(inputs, training=False)]

    def train(inputs: Any, grad_outputs: Any) -> list[Any]:
        with tf.GradientTape() as tape:
            outputs = layer(inputs, training=True)
        variables = [weight.value for weight in layer.trainable_weights]
        return [outputs, *tape.gradient(outputs, variables, output_gradients=grad_outputs)]

    arguments = (inputs, grad_outputs) if problem.training else (inputs,)
    compiled = tf.function(train if problem.training else infer, jit_compile="XLA" in way)
    program = compiled.get_concrete_function(*arguments)

    def results() -> dict[str, np.ndarray]:
        outputs, *grads = (array.numpy() for array in program(*arguments))
        return {"outputs": sample(outputs), **_gradients(problem.cell, *grads)}

    # The CPU device runs synchronously: what is returned is done.
    return Run(lambda: program(*arguments), results)


def _weights(cell: str, numbers: Any) -> list[np.ndarray]:
    """In Keras's layouts; its GRU has the gates z, r, n, its LSTM torch's order."""
    bias = numbers.bias_ih + numbers.bias_hh
    if cell == "GRU":
        bias = np.stack([_swap(numbers.bias_ih), _swap(numbers.bias_hh)])
        return [_swap(numbers.weight_ih).T, _swap(numbers.weight_hh).T, bias]
    return [numbers.weight_ih.T, numbers.weight_hh.T, bias]


def _gradients(cell: str, *grads: np.ndarray) -> dict[str, np.ndarray]:
    if not grads:
        return {}
    kernel, recurrent, bias = grads
    if cell == "GRU":
        kernel, recurrent, bias = _swap(kernel.T).T, _swap(recurrent.T).T, _swap(bias[0])
    return {"weight_ih": kernel.T, "weight_hh": recurrent.T, "bias_ih": bias}


def _swap(array: np.ndarray) -> np.ndarray:
    """r, z, n to z, r, n and back."""
    r, z, n = np.split(array, 3)
    return np.concatenate([z, r, n])
