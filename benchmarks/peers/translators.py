"""Translation by torch alone, as one writes it: packed sequences, attention, a batched beam."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from benchmarks.translation import (
    BEAM,
    EMBEDDING,
    EOS,
    GO,
    LONGEST,
    RATE,
    TOKENS,
    UNITS,
    batches,
    blueprint,
    draw_weights,
    sentences,
)
from benchmarks.work import Run

__all__ = ["decoding", "training", "translating_run"]


class Translator(nn.Module):
    """The network of `benchmarks.translation.blueprint`."""

    def __init__(self, cell: str, feeding: bool, of: str, packed: bool = True) -> None:
        super().__init__()
        words = self.words = TOKENS[of].vocabulary
        kind, self.packed = cell.upper(), packed
        self.parts = 2 if cell == "lstm" else 1  # of a state
        self.source, self.target = (nn.Embedding(words, EMBEDDING) for _ in range(2))
        self.encoder = getattr(nn, kind)(
            EMBEDDING, UNITS // 2, batch_first=True, bidirectional=True
        )
        self.bridge = nn.Linear(self.parts * UNITS, self.parts * UNITS)
        fed = EMBEDDING + UNITS if feeding else EMBEDDING
        self.cell = getattr(nn, f"{kind}Cell")(fed, UNITS) if feeding else None
        self.decoder = None if feeding else getattr(nn, kind)(fed, UNITS, batch_first=True)
        self.key = nn.Linear(UNITS, UNITS, bias=False)
        self.combine = nn.Linear(2 * UNITS, UNITS, bias=False)
        self.scores = nn.Linear(UNITS, words)

    def read(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor, Any]:
        """Outputs, keys, padding and the decoder's first state."""
        packed = pack_padded_sequence(
            self.source(source), lengths, batch_first=True, enforce_sorted=False
        )
        outputs, final = self.encoder(packed)
        memory, _ = pad_packed_sequence(outputs, batch_first=True)
        # [directions, B, H] of each part; of a direction all parts together.
        parts = torch.stack(final if self.parts == 2 else (final,), dim=1)
        flat = parts.permute(2, 0, 1, 3).flatten(1)
        begun = torch.tanh(self.bridge(flat)).unflatten(1, (self.parts, UNITS))
        state = tuple(begun.unbind(1)) if self.parts == 2 else begun[:, 0]
        padding = torch.arange(memory.shape[1]) >= lengths[:, None]
        return memory, self.key(memory), padding, state

    def attend(self, hidden: Tensor, memory: Tensor, keys: Tensor, padding: Tensor) -> Tensor:
        """Attentional vectors of hidden ones `[B, U, H]`."""
        scores = torch.bmm(hidden, keys.transpose(1, 2)).masked_fill(padding[:, None], -torch.inf)
        context = torch.bmm(scores.softmax(dim=2), memory)
        return torch.tanh(self.combine(torch.cat([context, hidden], dim=2)))

    def forward(
        self, source: Tensor, lengths: Tensor, target_in: Tensor, target_lengths: Tensor
    ) -> Tensor:
        """Attentional vectors of all steps."""
        memory, keys, padding, state = self.read(source, lengths)
        values = self.target(target_in)
        if self.cell is not None:
            return self.feed(values, memory, keys, padding, state)
        begun = tuple(part[None] for part in state) if self.parts == 2 else state[None]
        assert self.decoder is not None
        if self.packed:
            rows = pack_padded_sequence(
                values, target_lengths, batch_first=True, enforce_sorted=False
            )
            hidden, _ = pad_packed_sequence(self.decoder(rows, begun)[0], batch_first=True)
        else:
            hidden, _ = self.decoder(values, begun)
        return self.attend(hidden, memory, keys, padding)

    def feed(
        self, values: Tensor, memory: Tensor, keys: Tensor, padding: Tensor, state: Any
    ) -> Tensor:
        """The same step by step."""
        assert self.cell is not None
        fed, found = values.new_zeros(len(values), UNITS), []
        for step in values.unbind(1):
            state = self.cell(torch.cat([step, fed], dim=1), state)
            hidden = state[0] if self.parts == 2 else state
            fed = self.attend(hidden[:, None], memory, keys, padding)[:, 0]
            found.append(fed)
        return torch.stack(found, dim=1)

    def by_name(self) -> dict[str, Tensor]:
        """The parameters by the names of `draw_weights`; of two biases the first."""
        found: dict[str, Tensor] = {
            "encoder.0.weight": self.source.weight,
            "decoder.0.weight": self.target.weight,
            "bridge.0.weight": self.bridge.weight,
            "bridge.0.bias": self.bridge.bias,
            "decoder.2.key": self.key.weight,
            "decoder.2.weight": self.combine.weight,
            "decoder.3.weight": self.scores.weight,
            "decoder.3.bias": self.scores.bias,
        }
        writer, last = (self.cell, "") if self.cell is not None else (self.decoder, "_l0")
        modules: tuple[tuple[str, Any, str], ...] = (
            ("encoder.1.cells.0", self.encoder, "_l0"),
            ("encoder.1.backward_cells.0", self.encoder, "_l0_reverse"),
            ("decoder.1.cells.0", writer, last),
        )
        for name, module, end in modules:
            for weight, own in (("weight_ih",) * 2, ("weight_hh",) * 2, ("bias", "bias_ih")):
                found[f"{name}.{weight}"] = getattr(module, own + end)
            if self.parts == 1:
                units = getattr(module, f"weight_hh{end}").shape[1]
                found[f"{name}.recurrent_bias"] = getattr(module, f"bias_hh{end}")[2 * units :]
        return found


def translator(cell: str, feeding: bool, of: str, packed: bool = True) -> Translator:
    """With the first weights."""
    made = Translator(cell, feeding, of, packed)
    weights = draw_weights(blueprint(cell, feeding, of))
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if "bias" in name:
                parameter.zero_()
        for name, parameter in made.by_name().items():
            parameter.copy_(torch.from_numpy(weights[name]))
    return made


def training(cell: str, feeding: bool, of: str, packed: bool = True) -> Run:
    """A call trains once on each batch."""

    def trainer() -> tuple[Callable[[Any], float], Callable[[], Mapping[str, Tensor]]]:
        network = translator(cell, feeding, of, packed)
        optimizer = torch.optim.Adam(network.parameters(), lr=RATE, fused=True)

        def train(batch: tuple[Tensor, ...]) -> float:
            source, target, source_lengths, target_lengths = batch
            first = torch.full_like(target[:, :1], GO)
            target_in = torch.cat([first, target[:, :-1]], dim=1)
            values = network(source, source_lengths, target_in, target_lengths)
            real = torch.arange(target.shape[1]) < target_lengths[:, None]
            # Scores of the real steps only, as many of them as there are.
            loss = F.cross_entropy(network.scores(values[real]), target[real])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss.item()

        return train, lambda: _gradients(network)

    return translating_run(trainer, of)


def _gradients(network: Translator) -> dict[str, Tensor]:
    with torch.no_grad():
        for parameter in network.parameters():
            assert parameter.grad is not None
            parameter.copy_(parameter.grad)
    return network.by_name()


def translating_run(
    trainer: Callable[[], tuple[Callable[[Any], float], Callable[[], Mapping[str, Tensor]]]],
    of: str,
) -> Run:
    """A call trains once on each batch; what it computes is the first batch's loss and gradients.

    Args:
        trainer: Makes what trains on a batch and gives its loss, and what tells its gradients.
        of: A name of `TOKENS`.
    """
    given = [tuple(map(torch.from_numpy, batch)) for batch in batches(of)]
    train, _ = trainer()

    def results() -> dict[str, np.ndarray]:
        fresh, gradients = trainer()
        found = {"loss": np.array([fresh(given[0])])}
        return found | {name: one.detach().numpy().copy() for name, one in gradients().items()}

    return Run(lambda: [train(batch) for batch in given], results)


def decoding(cell: str, feeding: bool, rows: int) -> Run:
    """A call reads a batch of sentences and writes translations of them with a batched beam."""
    network = translator(cell, feeding, "subwords").eval()
    source, lengths = map(torch.from_numpy, sentences(rows, "subwords"))
    network.scores.bias.data[EOS] = -1e9  # first weights end nowhere else than chance has it

    def call() -> Tensor:
        with torch.inference_mode():
            return beam(network, source, lengths)

    return Run(call, lambda: {"scores": call().numpy()})


def beam(network: Translator, source: Tensor, lengths: Tensor) -> Tensor:
    """Log-probabilities `[B]` of the best hypothesis of each row, all rows in one batch."""
    memory, keys, padding, state = network.read(source, lengths)
    rows = len(source)
    memory, keys, padding = (
        each.repeat_interleave(BEAM, dim=0) for each in (memory, keys, padding)
    )
    states = [
        each.repeat_interleave(BEAM, dim=0) for each in (state if network.parts == 2 else [state])
    ]
    totals = torch.full((rows, BEAM), -torch.inf)
    totals[:, 0] = 0
    tokens = torch.full((rows * BEAM,), GO)
    fed = memory.new_zeros(rows * BEAM, UNITS)
    first = torch.arange(rows)[:, None] * BEAM
    written = torch.zeros(rows * BEAM, 0, dtype=torch.int64)
    for _ in range(LONGEST):
        values = network.target(tokens)
        if network.cell is not None:
            given = tuple(states) if network.parts == 2 else states[0]
            after = network.cell(torch.cat([values, fed], dim=1), given)
            states = [*after] if network.parts == 2 else [after]
        else:
            assert network.decoder is not None
            given = tuple(each[None] for each in states) if network.parts == 2 else states[0][None]
            _, after = network.decoder(values[:, None], given)
            states = [each[0] for each in (after if network.parts == 2 else (after,))]
        fed = network.attend(states[0][:, None], memory, keys, padding)[:, 0]
        scores = network.scores(fed).log_softmax(dim=1).view(rows, BEAM, -1)
        found, places = (totals[..., None] + scores).flatten(1).topk(BEAM, dim=1)
        totals, tokens = found, (places % network.words).flatten()
        chosen = (first + places // network.words).flatten()
        states, fed = [each[chosen] for each in states], fed[chosen]
        written = torch.cat([written[chosen], tokens[:, None]], dim=1)
    return totals[:, 0]
