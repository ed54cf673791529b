"""A transformer encoder of XLM-R-base size in NumPy, with random weights: what such a model costs, not what it says.

12 layers of 768, 12 heads, inner layer of 3,072, 512 tokens, 250,002 pieces (Conneau and others, ACL 2020). float32
throughout; all time goes into the same matrix products as in any other implementation on a CPU."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]

LAYERS, WIDTH, HEADS, INNER, TOKENS, PIECES = 12, 768, 12, 3072, 512, 250_002
HEAD = WIDTH // HEADS


@dataclass(frozen=True)
class Layer:
    """Weights of one layer."""

    into: Matrix  # (width, 3 width): queries, keys, values
    out: Matrix
    up: Matrix
    down: Matrix


class Encoder:
    """Random weights of the scale that models start from; the same for the same seed."""

    def __init__(self, seed: int = 0) -> None:
        random = np.random.default_rng(seed)

        def weights(rows: int, columns: int) -> Matrix:
            matrix = random.standard_normal((rows, columns), dtype=np.float32)
            matrix *= np.float32(0.02)
            return matrix

        self.pieces = weights(PIECES, WIDTH)
        self.positions = weights(TOKENS, WIDTH)
        self.layers = [
            Layer(weights(WIDTH, 3 * WIDTH), weights(WIDTH, WIDTH), weights(WIDTH, INNER), weights(INNER, WIDTH))
            for _ in range(LAYERS)
        ]
        self.answer = weights(WIDTH, 10)

    def score(self, pieces: NDArray[np.int64]) -> Matrix:
        """(10,): answers to ten questions about one text of up to 512 pieces."""
        state = _normal(self.pieces[pieces] + self.positions[: len(pieces)])
        for layer in self.layers:
            state = _normal(state + _attention(state, layer) @ layer.out)
            state = _normal(state + _gelu(state @ layer.up) @ layer.down)
        scores: Matrix = state[0] @ self.answer
        return scores


def _attention(state: Matrix, layer: Layer) -> Matrix:
    queries, keys, values = (
        part.reshape(len(state), HEADS, HEAD).transpose(1, 0, 2) for part in np.split(state @ layer.into, 3, axis=1)
    )
    scores = queries @ keys.transpose(0, 2, 1) * np.float32(1 / math.sqrt(HEAD))
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    mixed: Matrix = (scores @ values).transpose(1, 0, 2).reshape(len(state), WIDTH)
    return mixed


def _normal(state: Matrix) -> Matrix:
    centred = state - state.mean(axis=-1, keepdims=True)
    normal: Matrix = centred / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(1e-5))
    return normal


def _gelu(x: Matrix) -> Matrix:
    """The usual approximation by tanh (Hendrycks and Gimpel 2016)."""
    inner = np.float32(math.sqrt(2 / math.pi)) * (x + np.float32(0.044715) * x * x * x)
    active: Matrix = np.float32(0.5) * x * (1 + np.tanh(inner))
    return active
