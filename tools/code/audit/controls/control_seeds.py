"""Draws the seeds of a control from the project's secret, so that no program can know them."""

from __future__ import annotations

from collections.abc import Sequence

from memory.files.project_secret import derive_key, read_secret
from memory.ledger.keys import step_key
from pelagos.nouns import Experiment, Version
from tools.toolchain import Context


def draw_seeds(seeds: Sequence[int], version: Version, purpose: str, context: Context) -> list[int]:
    """The seeds in a secret order that depends on the version and the purpose."""
    project_secret = read_secret(context.project)
    return sorted(
        seeds,
        key=lambda seed: derive_key(project_secret, step_key(version=version.content, purpose=purpose, seed=seed)),
    )


def find_judged_seeds(seeds: Sequence[int], versions: Sequence[Version], context: Context) -> list[int]:
    """The seeds that all of these versions were run with on validation data, in the order of `seeds`: the evidence of
    the verdict. The first two seeds if fewer than two are in common."""
    seeds_by_version: dict[str, set[int]] = {version.id: set() for version in versions}
    for experiment in context.steps.ledger.facts(Experiment).values():
        if experiment.split == "validation" and experiment.version in seeds_by_version:
            seeds_by_version[experiment.version].add(experiment.seed)
    common = [seed for seed in seeds if all(seed in used_seeds for used_seeds in seeds_by_version.values())]
    return common if len(common) > 1 else list(seeds[:2])
