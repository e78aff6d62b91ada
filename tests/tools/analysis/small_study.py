"""A small study with planted effects, and the environment that the analysis toolchain runs in; the sandbox is real."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from pelagos.errors import BadReply
from tools.toolchain import Message

SAMPLES, FEATURES, PLANTED = 140, 40, 5
SHIFT = 1.4


@dataclass
class ScriptedModel:
    """Answers `ask_json` by a function of the schema's fields; BadReply where it returns None."""

    script: Callable[[type[Any], str], Mapping[str, Any] | None] = lambda schema, prompt: None
    strong: bool = False
    rates: tuple[float | None, float | None] = (None, None)
    prompts: list[str] = field(default_factory=list)

    def ask(self, messages: Sequence[Message], **options: Any) -> str:
        raise BadReply("not scripted")

    def ask_json(self, messages: Sequence[Message], schema: type[Any], **options: Any) -> Any:
        self.prompts.append(messages[-1].content)
        reply = self.script(schema, messages[-1].content)
        if reply is None:
            raise BadReply("not scripted")
        return schema.model_validate(reply)

    def probability(self, *args: Any, **options: Any) -> float:
        raise BadReply("not scripted")


def draw_study(permuted: int | None = None) -> Any:
    """Two groups at two sites, which are measured differently. The first PLANTED features, a set, are higher in the
    cases; the next one goes with `load`, a number. `permuted`: the seed by which labels are dealt anew."""
    import pandas as pd
    from anndata import AnnData

    draw = np.random.default_rng(7)
    case = np.arange(SAMPLES) % 2
    site = np.where(draw.random(SAMPLES) < 0.4 + 0.2 * case, "north", "south")
    load = draw.normal(size=SAMPLES)
    values = draw.normal(20, 1, size=(SAMPLES, FEATURES)) + np.where(site == "north", 1.0, 0.0)[:, None]
    values[:, :PLANTED] += SHIFT * case[:, None]
    values[:, PLANTED] += SHIFT * load
    values[draw.random(values.shape) < 0.03] = np.nan
    if permuted is not None:
        case = deal_labels(case, site, np.random.default_rng(permuted))
    obs = pd.DataFrame(
        {
            "arm": np.where(case == 1, "treated", "plain"),
            "site": site,
            "age": draw.normal(60, 8, SAMPLES).round(),
            "load": load,
        },
        index=[f"s{number}" for number in range(SAMPLES)],
    )
    ids = [f"P{number:02d}" for number in range(FEATURES)]
    var = pd.DataFrame({"name": [f"GEN{number}" for number in range(FEATURES)]}, index=ids)
    return AnnData(values, obs=obs, var=var, uns={"states": ["log2"], "kind": "proteomics"})


def deal_labels(case: Any, site: Any, draw: np.random.Generator) -> Any:
    """Deal labels within sites anew, half of them to each of the real groups: a chance correlation with the real labels
    would be the same in all parts of the samples, and would replicate."""
    dealt = np.zeros_like(case)
    for at in [np.flatnonzero((site == name) & (case == kind)) for name in ("north", "south") for kind in (0, 1)]:
        dealt[draw.permutation(at)[: len(at) // 2]] = 1
    return dealt


def write_study(folder: Path, permuted: int | None = None, **design: Any) -> Path:
    from tools.analysis.dataset.h5ad import write_dataset

    folder.mkdir(parents=True)
    write_dataset(draw_study(permuted), folder / "data.h5ad")
    sets = {
        "PLANTED_SET": range(PLANTED),
        "OTHER_SET": range(10, 18),
        "THIRD_SET": range(18, 30),
        "FOURTH": range(28, 40),
    }
    lines = ["\t".join([name, "a set", *(f"GEN{number}" for number in members)]) for name, members in sets.items()]
    (folder / "sets.gmt").write_text("\n".join(lines) + "\n")
    task = {
        "name": "small",
        "toolchain": "analysis",
        "topic": "a small study",
        "description": "Two arms at two sites, measured once.",
        "kind": "proteomics",
        "data": {"path": "data.h5ad", "format": "h5ad"},
        "gene_sets": "sets.gmt",
        "design": {
            "group": "arm",
            "case": "treated",
            "control": "plain",
            "batch": "site",
            "covariates": ["age"],
            "numeric": ["load"],
            **design,
        },
    }
    (folder / "task.yaml").write_text(yaml.safe_dump(task))
    return folder
