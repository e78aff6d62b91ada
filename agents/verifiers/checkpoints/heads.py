"""Heads of process reward models: read from the checkpoint's files and put on the hidden states.

Public checkpoints hold one of three: `score` with one layer (TRL, PURE), `score` with two layers and a ReLU between
them (Qwen2.5-Math-PRM), `v_head.summary` with one column (Skywork, as TRL's value head).
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from pelagos.errors import BadInput

PREFIXES = ("score.", "v_head.")
LINEAR, TWO_LAYERS, VALUE = ("score",), ("score.0", "score.2"), ("v_head.summary",)


def load_head(folder: Path, source: str, columns: int, like: Any) -> Any:
    """Return the head as a module with `columns` outputs, of the type and on the device of the tensor `like`, whose
    last dimension is the hidden size. Raises BadInput for a checkpoint with no head or another one."""
    weights = _read_weights(folder, source)
    torch = import_module("torch")
    stems = next((stems for stems in (TWO_LAYERS, LINEAR, VALUE) if f"{stems[0]}.weight" in weights), None)
    if stems is None:
        raise BadInput(
            f"checkpoint {source}: has no head ({', '.join(PREFIXES)}): it is no process reward model of this kind"
        )
    layers = [_make_linear(torch, weights, stem, source) for stem in stems]
    width, hidden = layers[-1].out_features, layers[0].in_features
    if width != columns:
        raise BadInput(
            f"checkpoint {source}: its head has {width:,} columns and should have {columns}: it is of another kind"
        )
    if hidden != like.shape[-1]:
        raise BadInput(f"checkpoint {source}: its head reads {hidden} features and the model has {like.shape[-1]}")
    head = layers[0] if len(layers) == 1 else torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1])
    return head.eval().to(device=like.device, dtype=like.dtype)


def _make_linear(torch: Any, weights: dict[str, Any], stem: str, source: str) -> Any:
    weight, bias = weights.get(f"{stem}.weight"), weights.get(f"{stem}.bias")
    if weight is None or weight.ndim != 2:
        raise BadInput(f"checkpoint {source}: its head lacks {stem}.weight")
    layer = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    layer.load_state_dict({"weight": weight} if bias is None else {"weight": weight, "bias": bias})
    return layer


def _read_weights(folder: Path, source: str) -> dict[str, Any]:
    """Name -> tensor of the head's weights, from safetensors or PyTorch files."""
    found: dict[str, Any] = {}
    for path in sorted(folder.glob("*.safetensors")) or sorted(folder.glob("*.bin")):
        try:
            found |= _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)
        except Exception as error:  # the border to files of other people: each format raises its own types
            raise BadInput(f"checkpoint {source}: {path.name} can't be read: {type(error).__name__}: {error}") from None
    return found


def _read_safetensors(path: Path) -> dict[str, Any]:
    with import_module("safetensors").safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys() if name.startswith(PREFIXES)}  # noqa: SIM118


def _read_pickle(path: Path) -> dict[str, Any]:
    """Read with the loader that runs no code."""
    weights = import_module("torch").load(path, map_location="cpu", weights_only=True, mmap=True)
    return {name: weight for name, weight in weights.items() if name.startswith(PREFIXES)}
