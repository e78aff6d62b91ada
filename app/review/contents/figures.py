"""Tells by the content of an artifact what a browser may show it as, and finds the pictures of experiments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from app.report.sections.pictures import SIGNATURE
from pelagos.errors import DamagedRun
from pelagos.nouns import Experiment

TEXT, PNG, SVG = "text/plain; charset=utf-8", "image/png", "image/svg+xml"
HEAD_BYTES, MOST_FIGURES = 1000, 24


@dataclass(frozen=True)
class Figure:
    """A picture that an experiment left: its name, its artifact, and the experiment's split and seed."""

    name: str
    digest: str
    split: str
    seed: int


def find_media_type(data: bytes) -> str:
    """Return the type by the first bytes. What is no picture is shown as plain text, whatever it claims to be."""
    if data.startswith(SIGNATURE):
        return PNG
    head = data[:HEAD_BYTES].lstrip().lower()
    is_svg = head.startswith(b"<svg") or (head.startswith((b"<?xml", b"<!doctype svg")) and b"<svg" in head)
    return SVG if is_svg else TEXT


def list_figures(folder: Path, experiments: Iterable[Experiment]) -> list[Figure]:
    """Return the pictures that the experiments left in the run `folder`, each once, at most MOST_FIGURES."""
    figures = {figure.digest: figure for figure in _find_figures(folder, experiments)}
    return list(figures.values())[:MOST_FIGURES]


def _find_figures(folder: Path, experiments: Iterable[Experiment]) -> Iterator[Figure]:
    for experiment in experiments:
        for name, digest in experiment.files.items():
            if _read_head(folder, digest) != TEXT:
                yield Figure(name, digest, experiment.split, experiment.seed)


def _read_head(folder: Path, digest: str) -> str:
    """Return the media type of an artifact, TEXT where it is missing."""
    from memory.artifacts import ArtifactStore

    try:
        path = ArtifactStore(folder / "artifacts").path(digest)
        with path.open("rb") as file:
            return find_media_type(file.read(HEAD_BYTES))
    except (DamagedRun, OSError):
        return TEXT
