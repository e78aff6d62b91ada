"""A task: a table of points (columns x and y), read and checked before the first token is spent."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from pelagos.errors import BadInput
from pelagos.nouns import Direction, Metric, NoveltyRule

KEYS = ("toolchain", "name", "topic", "description", "points")
LEAST_POINTS = 60


@dataclass(frozen=True)
class CurveTask:
    """Satisfies tools.toolchain.Task. `points` are pairs (x, y) in the order of the file."""

    folder: Path
    name: str
    topic: str
    description: str
    points: list[tuple[float, float]]
    digest: str
    toolchain: str = "curves"
    metric: Metric = field(default_factory=lambda: Metric(name="rmse", direction=Direction.DOWN, min_effect=0.05))
    guards: tuple[Metric, ...] = ()
    seeds: tuple[int, ...] = (1, 2, 3, 4, 5)
    papers: Path | None = None
    novelty: NoveltyRule = "label"


def load_task(folder: Path) -> CurveTask:
    """Raises BadInput with a line per fault."""
    file = folder / "task.yaml"
    if not file.is_file():
        raise BadInput(f"{file}: missing; write it with the keys {', '.join(KEYS)}")
    raw = yaml.safe_load(file.read_text("utf-8"))
    if not isinstance(raw, dict) or set(raw) != set(KEYS):
        raise BadInput(f"{file}: must have exactly the keys {', '.join(KEYS)}")
    points = _read_points(folder / str(raw["points"]))
    words = {key: str(raw[key]) for key in ("name", "topic", "description")}
    digest = hashlib.sha256(repr((words, points)).encode()).hexdigest()
    return CurveTask(folder, **words, points=points, digest=digest)


def _read_points(file: Path) -> list[tuple[float, float]]:
    try:
        with file.open(newline="", encoding="utf-8") as rows:
            points = [(float(row["x"]), float(row["y"])) for row in csv.DictReader(rows)]
    except (OSError, KeyError, ValueError) as error:
        raise BadInput(f"{file}: can't be read as a table with numbers x and y: {error!r}") from None
    if len(points) < LEAST_POINTS:
        raise BadInput(f"{file}: {len(points)} points are too few; give at least {LEAST_POINTS}")
    return points
