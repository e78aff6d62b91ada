"""Helpers of the exported script, which holds this file's functions as text: samples are read, tables completed, and
rows compared with what was recorded. Plain Python; `complete_table` is put beside them."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anndata import AnnData
    from pandas import DataFrame

    from tools.analysis.inside.rows import complete_table

RESULTS: list[bool] = []
TOLERANCE = 1e-6


def read_part(source: Path, part: str, column: str = "", level: str = "", without: str = "") -> AnnData:
    """Read the samples of a part: those in `part`.h5ad where `source` is a folder, else all in the file `source`.
    Only those with `level` in `column` are kept, and all features but `without`."""
    import anndata

    data = anndata.read_h5ad(source / f"{part}.h5ad" if source.is_dir() else source)
    if column:
        data = data[data.obs[column].astype(str) == level]
    if without:
        data = data[:, data.var_names != without]
    return data.copy()


def run_test(tool: Callable[..., Any], data: AnnData, **arguments: Any) -> DataFrame:
    """Call a statistics tool. Return its table with q and partial correlation, the smallest p first."""
    made = tool(data, **arguments)
    return complete_table(made[0] if isinstance(made, tuple) else made, data)


def draw_table(tool: Callable[..., Any], data: AnnData, table: DataFrame) -> Any:
    """Return the tool's figure of its table, None where it draws none."""
    draw = getattr(sys.modules[tool.__module__], f"draw_{tool.__name__}", None)
    return None if draw is None else draw(data, table)


def compare_row(table: DataFrame, entity: str, **recorded: float) -> None:
    """Print the row of `entity`, and whether its numbers are those that were recorded."""
    rows = table[table["entity"] == entity]
    now = {name: float(rows[name].iloc[0]) if len(rows) else math.nan for name in recorded}
    same = all(is_close(name, now[name], recorded[name]) for name in recorded)
    RESULTS.append(same)
    numbers = ", ".join(f"{name} {value:.4g}" for name, value in now.items())
    print(f"{'same' if same else 'DIFFERENT'}: {entity}: {numbers}" + ("" if same else f"; recorded: {recorded}"))


def is_close(name: str, value: float, recorded: float) -> bool:
    """Whether two numbers differ by rounding alone. A small p-value is not close to zero."""
    return math.isclose(value, recorded, rel_tol=TOLERANCE, abs_tol=0.0 if name == "p" else TOLERANCE**2)


def count_same() -> int:
    """Print how many rows are as recorded. Return the exit status: 0 where all are."""
    print(f"{sum(RESULTS)} of {len(RESULTS)} rows are as recorded")
    return 0 if all(RESULTS) else 1
