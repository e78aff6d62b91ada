"""What a `task.yaml` may say: its keys, types and defaults. `task` reads it, `task_checks` looks at what it names."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from pelagos.nouns import Direction, NoveltyRule
from tools.code.faults import line_of

STOCK = {
    "accuracy": Direction.UP,
    "macro_f1": Direction.UP,
    "auroc": Direction.UP,
    "log_loss": Direction.DOWN,
    "mae": Direction.DOWN,
    "rmse": Direction.DOWN,
}
REGRESSION = frozenset({"mae", "rmse"})
LEAST_ITEMS = 20  # to judge by

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,40}$")]
Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1, strict=True)]
Judged = Annotated[int, Field(ge=LEAST_ITEMS, strict=True)]
Positive = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataPart(Section):
    """A shipped data set by `name`, or a file of the folder by `path`: .npz with X and y, or .csv and its `target`."""

    name: Literal["digits", "diabetes", "mnist1d"] | None = None
    path: Text | None = None
    target: Text | None = None


class MetricPart(Section):
    """A stock metric by name, or one of the task's own, computed by `evaluator` (a file of the task folder)."""

    name: Name
    direction: Direction
    unit: str = ""
    min_effect: Positive
    evaluator: Text | None = None


class SplitsPart(Section):
    """Sizes in items. What is left of the data is not used. From fewer than `LEAST_ITEMS` the variance over items can't
    be told well enough to keep the level (docs/judging.md)."""

    train: Count
    validation: Judged
    sealed: Judged


class SmokePart(Section):
    """The tiny run before the full one: sizes in items (both cut from the training data), limit in seconds."""

    train: Count = 60
    validation: Count = 40
    seconds: Positive = 20.0


class LimitsPart(Section):
    """Of one experiment. Seconds are wall clock, sizes in MB (10**6 bytes).

    `gpus` cards are held alone; with `gpu_memory_mb` (of each) experiments and model servers share them.
    """

    seconds: Positive = 120.0
    memory_mb: Count = 2048
    pids: Count = 64
    cpus: Positive = 1.0
    disk_mb: Count = 64
    gpus: Annotated[int, Field(ge=0, strict=True)] = 0
    gpu_memory_mb: Count | None = None


class TaskFile(Section):
    """The whole of `task.yaml`. Lists are files of the task folder, in the order they are shown to a model."""

    name: Name
    topic: Text
    description: Text
    toolchain: Name = "code"
    entry: Text
    editable: Annotated[list[Text], Field(min_length=1)]
    files: list[Text] = []
    data: DataPart
    metric: MetricPart
    guards: list[MetricPart] = []
    splits: SplitsPart
    smoke: SmokePart = SmokePart()
    limits: LimitsPart = LimitsPart()
    seeds: Annotated[list[Annotated[int, Field(ge=0, lt=2**31, strict=True)]], Field(min_length=3)]
    papers: Text | None = None
    packages: Text | None = None
    novelty: NoveltyRule = "label"


def parse(raw: dict[Any, Any]) -> tuple[dict[str, Any], list[str]]:
    """The keys that are well formed, and a line for each fault in the others: one bad key hides no other."""
    parts: dict[str, Any] = {}
    faults = [
        line_of(("extra_forbidden", (str(key),), ""), TaskFile) for key in raw if key not in TaskFile.model_fields
    ]
    for key, field in TaskFile.model_fields.items():
        if key not in raw:
            if field.is_required():
                faults.append(line_of(("missing", (key,), ""), TaskFile))
            else:
                parts[key] = field.get_default()
            continue
        try:
            adapter: TypeAdapter[Any] = TypeAdapter(Annotated[field.annotation, field])  # type: ignore[arg-type]
            parts[key] = adapter.validate_python(raw[key])
        except ValidationError as error:
            faults += [line_of((e["type"], (key, *e["loc"]), e["msg"]), TaskFile) for e in error.errors()]
    return parts, faults
