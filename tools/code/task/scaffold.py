"""Writes a small working task as a template for a new one (`pelagos tasks new`)."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np

from pelagos.errors import BadInput

TEMPLATE = Path(__file__).parent / "template"
ROWS, COLUMNS = 600, 4


def scaffold(folder: Path) -> None:
    """Write the template task into `folder`, which must not exist or be empty. Raises BadInput."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"{folder}: exists already; name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") or "my-task"
    text = (TEMPLATE / "task.yaml").read_text("utf-8")
    (folder / "task.yaml").write_text(text.replace("NAME", name, 1), "utf-8")
    shutil.copyfile(TEMPLATE / "train.py", folder / "train.py")
    (folder / "data.csv").write_text(_make_table(), "utf-8")


def _make_table() -> str:
    """A CSV table of a synthetic regression: linear in four columns, with one square term and noise."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, COLUMNS))
    y = x @ [1.0, -2.0, 0.5, 0.0] + 0.5 * x[:, 0] ** 2 + rng.normal(scale=0.3, size=ROWS)
    lines = [",".join([*(f"x{i}" for i in range(COLUMNS)), "y"])]
    lines += [",".join(f"{value:.4f}" for value in row) for row in np.column_stack([x, y])]
    return "\n".join(lines) + "\n"
