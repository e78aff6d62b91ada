"""Loads the code task: a folder with a `task.yaml`, which is validated completely before the first model call."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pelagos.errors import BadInput
from pelagos.external_tools import NO_TOOLS, TaskTools
from pelagos.nouns import Metric, NoveltyRule
from sandbox.protocol import Limits
from tools.code.program.sources.seed_use import find_ignored_seed
from tools.code.program.sources.text import read_source
from tools.code.task import packages, schema
from tools.code.task.checks import check_task
from tools.code.task.data_sources import Source
from tools.code.task.entry import command
from tools.code.task.entry.command import Entry
from tools.code.task.schema import MetricPart, SmokePart, SplitsPart, TaskFile
from tools.functions.function import Packs, list_files
from tools.functions.packs import load_functions
from tools.task_file import FromTaskFile, describe_external, read_yaml, take_external

TASK_FILE = "task.yaml"
_LATER_KEYS = ("packs", "tools")  # unused, they are no part of the digest: it stays that of earlier versions


@dataclass(frozen=True)
class CodeTask(FromTaskFile):
    """A validated code task (satisfies tools.toolchain.Task). `folder` is resolved; `digest` is 64 hex characters."""

    folder: Path
    spec: TaskFile
    digest: str
    external: TaskTools = NO_TOOLS
    added: tuple[Path, ...] = ()  # drop-ins of the project: no part of the digest

    @property
    def contents(self) -> tuple[str, ...]:
        """The task file and every file that it names, as posix paths below `folder`."""
        return (TASK_FILE, *_named_files(self.spec), *_tool_files(self.folder, self.spec))

    @property
    def editable(self) -> tuple[str, ...]:
        """Program files a version may change, as posix paths below `folder`."""
        return tuple(self.spec.editable)

    @property
    def metric(self) -> Metric:
        return _to_metric(self.spec.metric)

    @property
    def guards(self) -> tuple[Metric, ...]:
        return tuple(_to_metric(guard) for guard in self.spec.guards)

    @property
    def scorer(self) -> str | Path:
        """The stock metric's name, or the path of the task's own evaluator."""
        own = self.spec.metric.evaluator
        return self.spec.metric.name if own is None else self.folder / own

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(self.spec.seeds)

    @property
    def data(self) -> Source:
        return self.spec.data

    @property
    def splits(self) -> SplitsPart:
        return self.spec.splits

    @property
    def smoke(self) -> SmokePart:
        return self.spec.smoke

    @property
    def limits(self) -> Limits:
        return Limits(**self.spec.limits.model_dump())

    @property
    def smoke_limits(self) -> Limits:
        return Limits(**self.spec.limits.model_dump() | {"seconds": self.spec.smoke.seconds})

    @property
    def papers(self) -> Path | None:
        return None if self.spec.papers is None else self.folder / self.spec.papers

    @property
    def novelty(self) -> NoveltyRule:
        return self.spec.novelty

    @property
    def packages(self) -> Path | None:
        """The path of the locked list of the task's own packages, or None."""
        return None if self.spec.packages is None else self.folder / self.spec.packages

    @cached_property
    def packs(self) -> Packs:
        """The packs whose functions a program may import. Raises BadInput if one isn't installed any more."""
        own = [self.folder / name for name in self.spec.tools]
        return load_functions(self.spec.packs, [*own, *self.added])

    @property
    def pack_names(self) -> list[str]:
        """The names of the packs that the task itself brings."""
        return [*self.spec.packs, *(Path(name).stem for name in self.spec.tools)]

    @property
    def notes(self) -> tuple[str, ...]:
        programs = [text for name, text in self.sources().items() if name.endswith(".py")]
        option = find_ignored_seed(command.parse_entry(self.spec.entry, self.folder).arguments, programs)
        left_out = tuple(f"left out: {fault}" for fault in self.packs.faults)
        if not option:
            return left_out
        what = f"the program is given {option} and never reads it: scores then show no noise over seeds"
        line = f"{what}, and differences can be judged by the variation over the data's items alone; use the seed"
        return (line, *left_out)

    def install(self) -> Path | None:
        """The folder with the task's own packages, installed at the first call; None if it has none. Raises BadInput,
        MissingPart and DiskFull."""
        try:
            return None if self.packages is None else packages.install_packages(self.packages)
        except BadInput as error:
            raise BadInput(*(f"{self.folder / TASK_FILE}: packages: {fault}" for fault in error.faults)) from None

    @property
    def packages_digest(self) -> str:
        """The digest of the packages and the packs of functions; '' if the task has none."""
        pins = "" if self.packages is None else packages.digest_pins(packages.read_pins(self.packages))
        return "-".join(part for part in (pins, self.packs.digest) if part)

    def entry(self, data: str, out: str, seed: int) -> Entry:
        """The command that is started, with its placeholders filled."""
        return command.parse_entry(self.spec.entry, self.folder).filled(data=data, out=out, seed=seed)

    def sources(self) -> dict[str, str]:
        """The program that goes into the sandbox: posix path below `folder` -> text, editable files first."""
        return {name: read_source(self.folder / name) for name in [*self.spec.editable, *self.spec.files]}


def load_task(folder: Path) -> CodeTask:
    """The validated task in `folder`. Raises BadInput with one line for each of its faults."""
    folder = folder.resolve()
    path = folder / TASK_FILE
    if not folder.is_dir():
        raise BadInput(
            f"{folder}: no such task folder; 'pelagos tasks new' makes one, 'pelagos tasks list' lists the shipped"
        )
    if path.is_symlink():
        raise BadInput(f"{path}: is a symbolic link; put the real file there")
    raw, external, unusable = take_external(read_yaml(path))
    parts, faults = schema.parse_task(raw)
    faults += [*unusable, *check_task(folder, parts)]
    if faults:
        raise BadInput(*(f"{path}: {fault}" for fault in faults))
    spec = TaskFile(**parts)
    return CodeTask(folder=folder, spec=spec, digest=_task_digest(folder, spec, external), external=external)


def _to_metric(part: MetricPart) -> Metric:
    return Metric(name=part.name, direction=part.direction, unit=part.unit, min_effect=part.min_effect)


def _named_files(spec: TaskFile) -> list[str]:
    named = [*spec.editable, *spec.files, spec.metric.evaluator, spec.data.path, spec.papers, spec.packages]
    return list(dict.fromkeys(name for name in named if name is not None))


def _tool_files(folder: Path, spec: TaskFile) -> list[str]:
    """The files of the task's own packs, as posix paths below `folder`."""
    files = [file for name in spec.tools for file in list_files(folder / name)]
    return list(dict.fromkeys(file.relative_to(folder).as_posix() for file in files))


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _task_digest(folder: Path, spec: TaskFile, external: TaskTools) -> str:
    """SHA-256 over the parsed task file (not its layout) and the bytes of all files and packs that it names."""
    hashes = {name: _hash_file(folder / name) for name in _named_files(spec)}
    script = command.parse_entry(spec.entry, folder).call  # a console script is defined outside the task's own files
    keys = {name: value for name, value in spec.model_dump(mode="json").items() if value or name not in _LATER_KEYS}
    packs = load_functions(spec.packs, [folder / name for name in spec.tools]).digest
    parts = [keys, hashes, *(part for part in (script, packs) if part), *describe_external(external)]
    content = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()
