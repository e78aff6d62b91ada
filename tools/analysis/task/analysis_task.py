"""Loads the analysis task: a folder with a `task.yaml`, which is validated completely before the first model call."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from memory.artifacts import hash_file
from pelagos.errors import BadInput, MissingPart
from pelagos.external_tools import NO_TOOLS, TaskTools
from pelagos.nouns import Direction, Metric, NoveltyRule
from sandbox.protocol import Limits
from tools.analysis.design import Design
from tools.analysis.states import Kind
from tools.analysis.task.files import find_fault, find_missing_sources, resolve, split_source
from tools.analysis.task.schema import PACKS, TaskFile, parse_task
from tools.analysis.task.splits import LEAST_APART, keeps_samples_apart
from tools.analysis.task.task_data import is_checked, open_task_data
from tools.functions.packs import load_functions
from tools.functions.places import SHIPPED
from tools.task_file import FromTaskFile, describe_external, read_yaml, take_external

TASK_FILE = "task.yaml"
TOO_FEW = (
    f"fewer than {LEAST_APART} samples in a compared group: none are kept apart, so hypotheses can be suggested and "
    "none is claimed"
)
METRIC = Metric(name="partial correlation", direction=Direction.UP, min_effect=0.1)


@dataclass(frozen=True)
class AnalysisTask(FromTaskFile):
    """A validated analysis task (satisfies tools.toolchain.Task). `folder` is resolved; `digest` is 64 hex digits."""

    folder: Path
    spec: TaskFile
    digest: str
    metric: Metric = METRIC
    guards: tuple[Metric, ...] = ()
    seeds: tuple[int, ...] = (0,)
    external: TaskTools = NO_TOOLS
    added: tuple[Path, ...] = ()  # drop-ins of the project: no part of the digest

    @property
    def kind(self) -> Kind:
        return self.spec.kind

    @property
    def design(self) -> Design:
        return self.spec.design

    @property
    def packs(self) -> list[str]:
        return list(PACKS[self.kind] if self.spec.packs is None else self.spec.packs)

    @property
    def tools(self) -> list[Path]:
        """The task's own folders of tools."""
        return [self.folder / name for name in self.spec.tools]

    @property
    def drop_ins(self) -> list[Path]:
        """Its own folders of tools, then the project's files and folders."""
        return [*self.tools, *self.added]

    @property
    def data(self) -> Path:
        """The data file as it was given; `tools.analysis.task.task_data` reads it as a data set."""
        return resolve(self.folder, self.spec.data.path)

    @property
    def metadata(self) -> Path | None:
        return self._resolve_optional(self.spec.data.metadata)

    @property
    def symbols(self) -> Path | None:
        return self._resolve_optional(self.spec.data.symbols)

    @property
    def gene_sets(self) -> Path | None:
        return self._resolve_optional(self.spec.gene_sets)

    @property
    def papers(self) -> Path | None:
        return None if self.spec.papers is None else self.folder / self.spec.papers

    @property
    def limits(self) -> Limits:
        return Limits(**self.spec.limits.model_dump())

    @property
    def novelty(self) -> NoveltyRule:
        return self.spec.novelty

    @property
    def contents(self) -> tuple[str, ...]:
        """The task file and every file of the folder that it names, as posix paths below `folder`."""
        own = [name for name in named_files(self.spec) if split_source(name) is None]
        tools = [
            path.relative_to(self.folder).as_posix()
            for name in self.spec.tools
            for path in sorted((self.folder / name).rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        ]
        return (TASK_FILE, *dict.fromkeys([*own, *tools]))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to the data when they were read, and what the design was guessed from."""
        data = open_task_data(self)
        size = f"{data.n_obs} samples x {data.n_vars} features, {', '.join(data.uns['states'])}"
        small = [] if keeps_samples_apart(data.obs, self.design) else [TOO_FEW]
        return (size, *small, *(str(note) for note in data.uns["notes"]), *self.design.guesses)

    def _resolve_optional(self, name: str | None) -> Path | None:
        return None if name is None else resolve(self.folder, name)


def named_files(spec: TaskFile) -> list[str]:
    """Every file that the task file names, each once: data, metadata, symbols, gene sets, papers."""
    named = [spec.data.path, spec.data.metadata, spec.data.symbols, spec.gene_sets, spec.papers]
    return list(dict.fromkeys(name for name in named if name is not None))


def load_task(folder: Path) -> AnalysisTask:
    """The validated task in `folder`. Raises BadInput with one line for each of its faults, and MissingPart where data
    must be fetched first."""
    folder = folder.resolve()
    path = folder / TASK_FILE
    raw, external, unusable = take_external(read_yaml(path))
    spec, faults = parse_task(raw)
    faults += unusable
    if spec is not None:
        faults += _find_file_faults(folder, spec)
    if spec is None or faults:
        raise BadInput(*(f"{path}: {fault}" for fault in faults))
    task = AnalysisTask(folder, spec, _digest_task(folder, spec, external), external=external)
    if not is_checked(task):
        open_task_data(task)
    return task


def _find_file_faults(folder: Path, spec: TaskFile) -> list[str]:
    if missing := find_missing_sources(named_files(spec)):
        raise MissingPart(f"task {spec.name}: its data are not here: `pelagos data get {' '.join(missing)}`")
    faults = [f"'{name}': {fault}" for name in named_files(spec) if (fault := find_fault(folder, name))]
    return faults + [f"tools: '{name}' is no folder of the task" for name in spec.tools if not (folder / name).is_dir()]


def _digest_task(folder: Path, spec: TaskFile, external: TaskTools) -> str:
    """SHA-256 over the parsed task file (not its layout), the bytes of all files that it names, and the packs of
    installed packages."""
    task = AnalysisTask(folder, spec, "")
    sources = {name: resolve(folder, name) for name in named_files(spec)}
    hashes = {name: hash_file(path) for name, path in sources.items()}
    hashes |= {name: hash_file(folder / name) for name in task.contents[1:]}
    packs = load_functions([name for name in task.packs if name not in SHIPPED]).digest
    said = spec.model_dump(mode="json")
    if not spec.design.order:  # a key of later versions: without it a task is what it was
        del said["design"]["order"]
    parts = [said, hashes, *([packs] if packs else []), *describe_external(external)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
