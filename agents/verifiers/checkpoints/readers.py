"""Readers: a batch of token ids and positions to one probability per step, by one forward pass.

Batches are padded on the right. All these models are causal, so no position sees the padding, and a score depends
neither on the batch nor on its longest member.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from agents.verifiers.checkpoints.heads import load_head
from agents.verifiers.checkpoints.known import Checkpoint, Kind
from agents.verifiers.checkpoints.layouts import Encoded, Labels
from agents.verifiers.checkpoints.loading import RemoteCode, find_context, load_model
from pelagos.errors import BadInput


class Reader(Protocol):
    """`context` is in tokens; `parameters` counts all that a pass computes with."""

    context: int
    parameters: int

    def read(self, batch: Sequence[Encoded]) -> list[list[float]]:
        """Return the step scores of each member."""
        ...


class HeadReader:
    """A head over the hidden states at the positions: softmax of two classes (the second is "right"), or the sigmoid
    of a value.

    PURE reads P(right) - P(wrong) in [-1, 1]; rescaled into [0, 1] that is P(right), what is read here.
    """

    def __init__(self, folder: Path, checkpoint: Checkpoint) -> None:
        self._columns = 2 if checkpoint.layout.kind == "classes" else 1
        self._model = load_model(folder, checkpoint.name, "AutoModel")
        embedding = self._model.get_input_embeddings().weight
        self._head = load_head(folder, checkpoint.name, self._columns, embedding)
        self.context = find_context(self._model)
        self.parameters = self._model.num_parameters() + sum(each.numel() for each in self._head.parameters())

    def read(self, batch: Sequence[Encoded]) -> list[list[float]]:
        torch = import_module("torch")
        with torch.inference_mode():
            hidden = self._model(**pad(batch, self._model.device), use_cache=False).last_hidden_state
            return [self._score(torch, self._head(hidden[row, each.positions])) for row, each in enumerate(batch)]

    def _score(self, torch: Any, outputs: Any) -> list[float]:
        """`outputs` has a row per step."""
        exact = outputs.double()
        scores = torch.softmax(exact, -1)[:, 1] if self._columns == 2 else torch.sigmoid(exact[:, 0])
        return [float(score) for score in scores]


class TagReader:
    """The language model's own logits at the positions: softmax over the two labels."""

    def __init__(self, folder: Path, checkpoint: Checkpoint, labels: Labels) -> None:
        self._labels = [labels.positive, labels.negative]
        self._model = load_model(folder, checkpoint.name, "AutoModelForCausalLM")
        self.context, self.parameters = find_context(self._model), self._model.num_parameters()
        width = self._model.get_output_embeddings().weight.shape[0]
        if max(self._labels) >= width:
            raise BadInput(f"checkpoint {checkpoint.name}: its head has {width:,} columns, and label ids go beyond")

    def read(self, batch: Sequence[Encoded]) -> list[list[float]]:
        """The head is computed at positions of steps alone."""
        torch = import_module("torch")
        kept = sorted({position for each in batch for position in each.positions})
        column = {position: place for place, position in enumerate(kept)}
        with torch.inference_mode():
            keep = torch.tensor(kept, device=self._model.device)
            logits = self._model(**pad(batch, self._model.device), use_cache=False, logits_to_keep=keep).logits
            pairs = torch.softmax(logits[:, :, self._labels].double(), -1)[:, :, 0].tolist()
        return [[pairs[row][column[place]] for place in each.positions] for row, each in enumerate(batch)]


class ScalarReader:
    """A checkpoint whose own code returns `pred_scalar`, shape (batch, tokens), as probabilities."""

    def __init__(self, folder: Path, checkpoint: Checkpoint, remote_code: RemoteCode) -> None:
        if remote_code != "trusted":
            raise BadInput(
                f"checkpoint {checkpoint.name}: its own code computes the scores, and it may not run here: read that "
                "code, and trust it by the setting if you do"
            )
        self._name = checkpoint.name
        self._model = load_model(folder, checkpoint.name, "AutoModel", remote_code)
        self.context, self.parameters = find_context(self._model), self._model.num_parameters()

    def read(self, batch: Sequence[Encoded]) -> list[list[float]]:
        with import_module("torch").inference_mode():
            outputs = self._model(**pad(batch, self._model.device))
        if "pred_scalar" not in outputs:
            raise BadInput(f"checkpoint {self._name}: its own code returns no pred_scalar: it is of another kind")
        scalars = outputs["pred_scalar"].double().reshape(len(batch), -1).tolist()
        return [[scalars[row][place] for place in each.positions] for row, each in enumerate(batch)]


def open_reader(folder: Path, checkpoint: Checkpoint, labels: Labels, remote_code: RemoteCode) -> Reader:
    """Load the model and return its reader. Raises BadInput and MissingPart."""
    makers: Mapping[Kind, Callable[[], Reader]] = {
        "classes": lambda: HeadReader(folder, checkpoint),
        "value": lambda: HeadReader(folder, checkpoint),
        "tag_logits": lambda: TagReader(folder, checkpoint, labels),
        "scalar": lambda: ScalarReader(folder, checkpoint, remote_code),
    }
    kind = checkpoint.layout.kind
    if kind not in makers:
        raise BadInput(f"checkpoint {checkpoint.name}: kind {kind} isn't read by a head: it needs a reference model")
    return makers[kind]()


def pad(batch: Sequence[Encoded], device: Any) -> dict[str, Any]:
    """Return `input_ids` and `attention_mask`, shape (batch, longest)."""
    torch = import_module("torch")
    longest = max(len(each.ids) for each in batch)
    ids = [each.ids + [0] * (longest - len(each.ids)) for each in batch]
    mask = [[1] * len(each.ids) + [0] * (longest - len(each.ids)) for each in batch]
    return {"input_ids": torch.tensor(ids, device=device), "attention_mask": torch.tensor(mask, device=device)}
