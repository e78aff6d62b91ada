"""`python -m benchmarks.analysis.growth`: what the standard workflows take in the sandbox, and how that grows.

Drawn data of fixed seeds: log-normal protein intensities with a fifth missing, and cells of 40 markers in 24 samples.
Peak memory is that of the sandbox's control group. Resumable: what was measured is kept in `--folder`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from benchmarks.analysis.sandboxed import Metered, ToolContext
from sandbox.choose import choose
from tools.analysis.dataset.h5ad import write_dataset
from tools.analysis.execution.analysis import Call
from tools.analysis.execution.run_calls import LIMITS, run_calls
from tools.analysis.packs.registry import load_packs
from tools.toolchain import Context

if TYPE_CHECKING:
    from anndata import AnnData

MEASURED = "growth.jsonl"
HEAD = "| workflow | samples or cells | features | seconds | processor s | peak MB | input MB | outcome |\n|---|---|---|---|---|---|---|---|"
TWO_GROUPS = {"group": "group", "case": "case", "control": "control"}
SAMPLES_OF_CELLS, CELL_TYPES, SETS, SET_SIZE = 24, 8, 100, 30
ROOM = replace(LIMITS, seconds=1800, memory_mb=12_000)


class Workflow(NamedTuple):
    """Calls on the data set that `draw` makes of a number of rows and columns."""

    name: str
    pack: str
    draw: Callable[[int, int], AnnData]
    sizes: Sequence[tuple[int, int]]
    calls: Sequence[Call]


def draw_proteins(samples: int, proteins: int) -> AnnData:
    """Raw intensities of two groups in four sites, 20 % missing; every tenth protein is doubled in the cases."""
    import anndata
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    logs = rng.normal(20, 2, proteins) + rng.normal(0, 1, (samples, proteins))
    case = rng.permutation(samples) % 2 == 0
    logs[np.ix_(case, range(0, proteins, 10))] += 1
    values = np.where(rng.random(logs.shape) < 0.2, np.nan, 2**logs)
    sites = [f"site {number}" for number in rng.integers(4, size=samples)]
    groups = np.where(case, "case", "control")
    obs = pd.DataFrame({"group": groups, "site": sites, "age": rng.normal(60, 10, samples)})
    names = [f"P{number}" for number in range(proteins)]
    made = anndata.AnnData(values, obs.set_index(obs.index.astype(str)), pd.DataFrame({"name": names}, index=names))
    made.uns.update(states=["raw"], kind="proteomics")
    return made


def draw_cells(cells: int, markers: int) -> AnnData:
    """Transformed marker intensities of eight cell types in 24 samples of two groups."""
    import anndata
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    types, samples = rng.integers(CELL_TYPES, size=cells), rng.integers(SAMPLES_OF_CELLS, size=cells)
    values = rng.normal(2, 1, (CELL_TYPES, markers))[types] + rng.normal(0, 0.5, (cells, markers))
    obs = pd.DataFrame(
        {
            "sample": [f"sample {number}" for number in samples],
            "group": np.where(samples % 2 == 0, "case", "control"),
            "cell_type": [f"type {number}" for number in types],
        }
    )
    names = [f"M{number}" for number in range(markers)]
    made = anndata.AnnData(values, obs.set_index(obs.index.astype(str)), pd.DataFrame({"name": names}, index=names))
    made.uns.update(states=["log2"], kind="cells")
    return made


def write_sets(path: Path, features: int) -> Path:
    """Write a hundred sets of thirty proteins each."""
    import numpy as np

    rng = np.random.default_rng(0)
    lines = [
        "\t".join([f"set {number}", "drawn", *(f"P{place}" for place in rng.choice(features, SET_SIZE, replace=False))])
        for number in range(SETS)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def call(tool: str, **arguments: Any) -> Call:
    return Call(tool=tool, arguments=arguments)


PREPARED = [call("take_log2"), call("filter_by_presence", share=0.5), call("normalise_samples")]
ADJUSTED = {**TWO_GROUPS, "covariates": ["age", "site"]}
PROTEIN_SIZES, CELL_SIZES = ((200, 1_000), (200, 10_000)), ((10_000, 40), (100_000, 40))
WORKFLOWS = [
    Workflow(
        "proteins: log2, filter, normalise, difference with age and site", "proteomics", draw_proteins, PROTEIN_SIZES,
        [*PREPARED, call("differential_abundance", **ADJUSTED)],
    ),
    Workflow(
        "proteins: the same to 100 set scores", "proteomics", draw_proteins, PROTEIN_SIZES,
        [*PREPARED, call("set_score_difference", **ADJUSTED)],
    ),
    Workflow(
        "proteins: impute, embed, cluster, clusters against site", "proteomics", draw_proteins, PROTEIN_SIZES,
        [*PREPARED, call("impute_missing"), call("embed_samples"), call("cluster_samples"),
         call("cluster_association", group="group", batch="site")],
    ),
    Workflow(
        "cells: shares of cell types", "cells", draw_cells, CELL_SIZES,
        [call("composition_difference", cell_type="cell_type", sample="sample", **TWO_GROUPS)],
    ),
    Workflow(
        "cells: means of samples, difference of markers", "cells", draw_cells, CELL_SIZES,
        [call("aggregate_samples", sample="sample"), call("differential_abundance", **TWO_GROUPS)],
    ),
    Workflow(
        "cells: embed, cluster, clusters against group", "cells", draw_cells, CELL_SIZES,
        [call("embed_samples"), call("cluster_samples", clusters=CELL_TYPES),
         call("cluster_association", group="group", batch="sample")],
    ),
]  # fmt: skip


def measure(workflow: Workflow, rows: int, columns: int) -> dict[str, Any]:
    """Run one workflow once on data of that size."""
    sandbox = Metered(choose())
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.h5ad"
        write_dataset(workflow.draw(rows, columns), data)
        needs_sets = any(each["tool"] == "set_score_difference" for each in workflow.calls)
        sets = write_sets(Path(folder) / "sets.gmt", columns) if needs_sets else None
        specs = load_packs(dict.fromkeys([workflow.pack, "proteomics"]))
        context = cast(Context, ToolContext(sandbox))
        analysis = run_calls(workflow.calls, data, specs, context, limits=ROOM, sets=sets)
        size = data.stat().st_size / 1e6
    outcome = sandbox.outcomes[-1]
    return {
        "workflow": workflow.name, "rows": rows, "columns": columns, "seconds": outcome.seconds, "cpu": outcome.cpu_seconds,
        "peak_mb": outcome.peak_memory_mb, "input_mb": size, "outcome": str(analysis.outcome), "cause": analysis.cause,
    }  # fmt: skip


def show(measured: dict[str, Any]) -> str:
    outcome = measured["outcome"] if not measured["cause"] else f"{measured['outcome']}: {measured['cause'][:80]}"
    return (
        f"| {measured['workflow']} | {measured['rows']:,} | {measured['columns']:,} | {measured['seconds']:.1f} "
        f"| {measured['cpu']:.1f} | {measured['peak_mb']:.0f} | {measured['input_mb']:.1f} | {outcome} |"
    )


def measure_all(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield what each workflow took at each size; what was measured before is read."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / MEASURED
    lines = [json.loads(line) for line in kept.read_text().splitlines()] if kept.is_file() else []
    recorded = {(line["workflow"], line["rows"], line["columns"]): line for line in lines}
    for workflow in WORKFLOWS:
        for size in workflow.sizes:
            if (workflow.name, *size) not in recorded:
                recorded[workflow.name, *size] = measure(workflow, *size)
                with kept.open("a") as file:
                    file.write(json.dumps(recorded[workflow.name, *size]) + "\n")
            yield recorded[workflow.name, *size]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("runs/bench-analysis"))
    print(HEAD)
    for measured in measure_all(parser.parse_args(argv).folder):
        print(show(measured), flush=True)


if __name__ == "__main__":
    main()
