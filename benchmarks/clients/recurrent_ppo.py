"""Reinforcement learning with memory: sb3-contrib's RecurrentPPO at its defaults."""

from __future__ import annotations

import numpy as np
from sb3_contrib import RecurrentPPO

from benchmarks.clients.program import Program, runs

__all__ = ["inference", "training"]

STEPS, EPOCHS, ANSWERS = 128, 10, 200


def program() -> Program:
    agent = RecurrentPPO("MlpLstmPolicy", "CartPole-v1", n_epochs=EPOCHS, seed=0, device="cpu")
    seen = np.random.default_rng(0).standard_normal((ANSWERS, 4), dtype=np.float32)

    def train() -> None:
        """One collection of steps, and the epochs over it."""
        agent.learn(STEPS, reset_num_timesteps=False)

    def infer() -> np.ndarray:
        """What the agent does, step by step."""
        state, begins, actions = None, np.ones(1, bool), []
        for observation in seen:
            action, state = agent.predict(observation[None], state, begins, deterministic=True)
            begins = np.zeros(1, bool)
            actions.append(action)
        return np.concatenate(actions)

    return Program(agent.policy, train, infer)


training, inference = runs(program)
