"""The schema of `task.yaml`: keys, types and defaults. `checks` verifies what the file names."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from pelagos.nouns import Direction, NoveltyRule
from tools.code.task.remedies import REMEDIES
from tools.task_file import format_error

STOCK_METRICS = {
    "accuracy": Direction.UP,
    "macro_f1": Direction.UP,
    "auroc": Direction.UP,
    "log_loss": Direction.DOWN,
    "mae": Direction.DOWN,
    "rmse": Direction.DOWN,
}
REGRESSION_METRICS = frozenset({"mae", "rmse"})
MIN_ITEMS = 20  # in a scored split

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,40}$")]
Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=1, strict=True)]
ScoredCount = Annotated[int, Field(ge=MIN_ITEMS, strict=True)]
Positive = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataPart(Section):
    """A shipped data set (`name`), or a file of the task folder (`path`): .npz with X and y, or .csv with `target`."""

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
    """Sizes in items. The rest of the data is not used. With fewer than `MIN_ITEMS` items the variance over items can't
    be estimated well enough to keep the level (docs/judging.md)."""

    train: Count
    validation: ScoredCount
    sealed: ScoredCount


class SmokePart(Section):
    """The small run before the full one: sizes in items (both taken from the training data), time limit in seconds."""

    train: Count = 60
    validation: Count = 40
    seconds: Positive = 20.0


class LimitsPart(Section):
    """Limits of one experiment: wall-clock seconds, sizes in MB (10**6 bytes).

    `gpus` cards are used exclusively; with `gpu_memory_mb` (per card) experiments and model servers share them.
    """

    seconds: Positive = 120.0
    memory_mb: Count = 2048
    pids: Count = 64
    cpus: Positive = 1.0
    disk_mb: Count = 64
    gpus: Annotated[int, Field(ge=0, strict=True)] = 0
    gpu_memory_mb: Count | None = None


class TaskFile(Section):
    """The complete `task.yaml`. Lists are files of the task folder, in the order in which a model sees them.
    `tools` are .py files or folders of it, `packs` names of packs: their functions may be imported."""

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
    packs: list[Text] = []
    tools: list[Text] = []
    novelty: NoveltyRule = "label"


def parse_task(raw: dict[Any, Any]) -> tuple[dict[str, Any], list[str]]:
    """The well-formed keys with their values, and one line for each fault in the others."""
    parts: dict[str, Any] = {}
    faults = [
        format_error(("extra_forbidden", (str(key),), ""), TaskFile, REMEDIES)
        for key in raw
        if key not in TaskFile.model_fields
    ]
    for key, field in TaskFile.model_fields.items():
        if key not in raw:
            if field.is_required():
                faults.append(format_error(("missing", (key,), ""), TaskFile, REMEDIES))
            else:
                parts[key] = field.get_default()
            continue
        try:
            adapter: TypeAdapter[Any] = TypeAdapter(Annotated[field.annotation, field])  # type: ignore[arg-type]
            parts[key] = adapter.validate_python(raw[key])
        except ValidationError as error:
            faults += [
                format_error((e["type"], (key, *e["loc"]), e["msg"]), TaskFile, REMEDIES) for e in error.errors()
            ]
    return parts, faults
