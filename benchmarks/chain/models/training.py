"""Training until the held-out loss has reached its plateau or the updates are used up; a second call goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from benchmarks.chain.models.lm import SIZES, TinyLm

EVERY, PATIENCE = 50, 30  # updates between evaluations; evaluations without a lower loss that end the training


M = TypeVar("M", bound=nn.Module)


class Plan(NamedTuple, Generic[M]):
    """`loss(model, update)` is the loss of one batch, drawn with `update` as its seed, so that a resumed training sees
    the same batches. `held_out` is the loss on held-out data; None: train for all `updates`."""

    loss: Callable[[M, int], Tensor]
    held_out: Callable[[M], float] | None
    updates: int
    rate: float
    patience: int = PATIENCE


def train(path: Path, start: M, plan: Plan[M]) -> M:
    """Return the trained model, from `path` where it is finished already."""
    model, part = start, path.with_suffix(".part")
    if path.exists():
        model.load_state_dict(torch.load(path, weights_only=True)["weights"])
        return model
    optimizer = torch.optim.AdamW(model.parameters(), plan.rate, weight_decay=0.01, fused=True)
    state: dict[str, Any] = {"update": 0, "best": float("inf"), "worse": 0, "weights": _copy(model), "seconds": 0.0}
    if part.exists():
        saved = torch.load(part, weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        state = saved["state"]
    while state["update"] < plan.updates and state["worse"] < plan.patience:
        _advance(model, optimizer, plan, state)
        _save(part, {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "state": state})
    model.load_state_dict(state["weights"])
    _save(path, {"weights": model.state_dict(), **_without_weights(state)})
    part.unlink(missing_ok=True)
    return model


def read_training(path: Path) -> dict[str, float]:
    """Updates, seconds and the best held-out loss of a finished training."""
    saved = torch.load(path, weights_only=True)
    return {"updates": saved["update"], "seconds": round(saved["seconds"], 1), "held_out": round(saved["best"], 4)}


def make_lm(size: str, seed: int) -> TinyLm:
    torch.manual_seed(seed)
    return TinyLm(SIZES[size])


def _advance(model: M, optimizer: torch.optim.Optimizer, plan: Plan[M], state: dict[str, Any]) -> None:
    """Train for `EVERY` updates and compare the held-out loss with the best so far."""
    begun = time.monotonic()
    for update in range(state["update"], min(state["update"] + EVERY, plan.updates)):
        for group in optimizer.param_groups:
            group["lr"] = plan.rate * _schedule(update, plan)
        torch.autograd.backward(plan.loss(model, update))
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        state["update"] = update + 1
    loss = float("-inf") if plan.held_out is None else _evaluate(model, plan)
    better = plan.held_out is None or loss < state["best"]
    state["worse"] = 0 if better else state["worse"] + 1
    if better:
        state["best"], state["weights"] = loss, _copy(model)
    state["seconds"] += time.monotonic() - begun


def _evaluate(model: M, plan: Plan[M]) -> float:
    with torch.no_grad():
        return plan.held_out(model) if plan.held_out else 0.0


def _schedule(update: int, plan: Plan[Any]) -> float:
    """Warm-up over 50 updates; without held-out data a linear fall to a tenth over the last half, else constant."""
    warm = min(1.0, (update + 1) / 50)
    if plan.held_out is not None:
        return warm
    return warm * min(1.0, 0.1 + 1.8 * (1 - update / plan.updates))


def _copy(model: nn.Module) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in model.state_dict().items()}


def _without_weights(state: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in state.items() if name != "weights"}


def _save(path: Path, content: dict[str, Any]) -> None:
    """Write beside and rename, so that a killed run leaves no half file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    torch.save(content, beside)
    beside.replace(path)
