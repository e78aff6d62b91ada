"""Opens the verifier of a checkpoint by its name or folder."""

from __future__ import annotations

from dataclasses import replace

from agents.verifiers.checkpoints.known import Checkpoint, resolve_checkpoint
from agents.verifiers.checkpoints.loading import RemoteCode
from agents.verifiers.checkpoints.locate import find_folder
from agents.verifiers.checkpoints.pooling import PoolingVerifier
from agents.verifiers.checkpoints.scorer import CheckpointVerifier
from agents.verifiers.implicit.scorer import ImplicitVerifier
from agents.verifiers.protocol import Verifier
from pelagos.errors import BadInput

NO_REFERENCE = "none"
"""The reference of a language model that was not trained as a reward model."""


def open_checkpoint(
    name: str,
    layout: str = "",
    kind: str = "",
    reference: str = "",
    beta: float | None = None,
    remote_code: RemoteCode = "never",
) -> Verifier:
    """Return the verifier of a repository or folder; nothing is loaded yet.

    `layout` and `kind` say how it is read, `reference` and `beta` belong to an implicit reward model; what isn't given
    is taken from known.toml or from the folder. Raises BadInput, and MissingPart for what isn't on this machine.
    """
    checkpoint = resolve_checkpoint(name, layout, kind)
    folder = find_folder(name)
    if checkpoint.layout.kind != "implicit":
        return CheckpointVerifier(checkpoint, folder, remote_code=remote_code)
    checkpoint = replace(checkpoint, beta=_check_beta(checkpoint, beta))
    if reference == NO_REFERENCE:
        return ImplicitVerifier(checkpoint, folder, None)
    other = reference or checkpoint.reference
    if not other:
        raise BadInput(
            f"checkpoint {name}: an implicit reward model needs its reference: name the model it was trained from, or "
            f"{NO_REFERENCE} for a model that wasn't trained as one"
        )
    return ImplicitVerifier(checkpoint, folder, find_folder(other))


def open_served_checkpoint(name: str, url: str, layout: str = "", kind: str = "") -> Verifier:
    """Return the verifier of a repository or folder whose head a vLLM server at `url` computes, under the same name.
    Raises BadInput for a kind that vLLM doesn't serve, and MissingPart."""
    checkpoint = resolve_checkpoint(name, layout, kind)
    return PoolingVerifier(checkpoint, find_folder(name), url, name)


def _check_beta(checkpoint: Checkpoint, beta: float | None) -> float:
    if beta is not None and not 0.0 < beta < float("inf"):
        raise BadInput(f"checkpoint {checkpoint.name}: beta {beta} should be a positive number, 0.05 in the paper")
    return checkpoint.beta if beta is None else beta
