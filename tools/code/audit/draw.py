"""Which seeds a control is run with: drawn from the project's secret, so that no program can know them."""

from __future__ import annotations

from collections.abc import Sequence

from memory.keys import step_key
from pelagos.nouns import Version
from tools.code.data import derive, secret
from tools.toolchain import Context


def drawn(seeds: Sequence[int], version: Version, purpose: str, context: Context) -> list[int]:
    """The seeds in a secret order of this version's own."""
    held = secret(context.project)
    return sorted(seeds, key=lambda seed: derive(held, step_key(version=version.content, purpose=purpose, seed=seed)))


def judged(seeds: Sequence[int], versions: Sequence[Version], context: Context) -> list[int]:
    """Those of `seeds` that all of these versions were run with on validation data, in their order: what the verdict
    rests on. The first two where nothing was run yet."""
    ran: dict[str, set[int]] = {version.id: set() for version in versions}
    for event in context.steps.ledger.events("experiment"):
        if event.payload["split"] == "validation" and event.payload["version"] in ran:
            ran[event.payload["version"]].add(event.payload["seed"])
    common = [seed for seed in seeds if all(seed in found for found in ran.values())]
    return common if len(common) > 1 else list(seeds[:2])
