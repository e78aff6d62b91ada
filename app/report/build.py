"""Writes the report of a run, finished or not, from its ledger and artifacts alone: report.html and report.md.

The page is one file without scripts and requests. All text of models, papers, logs and tasks is escaped or cleaned.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.formatting import format_line
from app.live.board import count_funnel, list_budgets
from app.record import folders
from app.record.folders import pause_garbage_collection
from app.report import facts
from app.report.filters import add_filters
from app.report.headline import compose_headline
from app.report.plots import Axis
from app.report.sections.contents import ShownSection, prepare_section
from app.unsafe_warning import make_warning
from memory.artifacts import ArtifactStore
from memory.files.disk_errors import translate_disk_errors
from pelagos.errors import PelagosError
from pelagos.visible import make_visible, replace_surrogates

HERE = Path(__file__).parent
HTML, MARKDOWN, FIGURES = "report.html", "report.md", "figures"
LAST_NOTES = 40


def write_report(folder: Path, out: Path | None = None) -> tuple[Path, Path]:
    """Write both reports into `out`, by default the run folder, and return their paths.

    Raises BadInput, DamagedRun and DiskFull.
    """
    out = out or folder
    with translate_disk_errors(out), pause_garbage_collection():
        page_contents = collect_contents(folder)
        out.mkdir(parents=True, exist_ok=True)
        html, markdown = out / HTML, out / MARKDOWN
        _write_text(html, render_page(page_contents))
        _write_text(markdown, _make_environment(escape=False).get_template("report.md.j2").render(page_contents))
        if page_contents["section"]:
            _write_beside(out, page_contents["section"])
    return html, markdown


def render_page(contents: Mapping[str, Any]) -> str:
    """Return report.html of `collect_contents`."""
    return _make_environment(escape=True).get_template("report.html.j2").render(contents)


def _write_beside(out: Path, section: ShownSection) -> None:
    """Write the files of the toolchain's section, and the pictures that report.md refers to."""
    for file in section.files:
        _write_text(out / file.name, file.content)
    for name, data in section.pictures.items():
        (out / FIGURES).mkdir(exist_ok=True)
        _write_whole(out / FIGURES / name, data)


def _write_text(path: Path, text: str) -> None:
    _write_whole(path, replace_surrogates(text).encode())


def _write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: on a full disk an earlier report stays."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_bytes(data)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def collect_contents(folder: Path) -> dict[str, Any]:
    """Return everything that the two templates show."""
    record = folders.read_condensed(folder, facts.NEWEST, facts.BEST)
    state, _ = folders.find_state(folder, record)
    findings = facts.collect_findings(record, make_text_reader(folder))
    funnel, metric = count_funnel(record), record.metric
    reason, _, printed = folders.explain_state(record, state).partition("\n")
    bounds = [
        value for finding in findings if (effect := finding.effect) for value in (effect.value, effect.low, effect.high)
    ]
    return {
        "headline": compose_headline(metric, funnel, next(iter(findings), None), record.verdicts.values(), state),
        "record": record,
        "state": state,
        "reason": format_line(reason, 600),
        "printed": make_visible(printed),
        "metric": metric,
        "baseline": facts.measure_baseline(record),
        "funnel": funnel,
        "findings": findings,
        "axis": Axis.over(bounds, metric.min_effect if metric else 0.0),
        "bars": list_budgets(record),
        "warning": make_warning(record),
        "isolation": facts.count_isolations(record),
        "models": facts.list_models(record),
        "sealed_touches": record.seal_touches,
        "sealed_touches_ever": facts.count_seal_touches(record),
        "level_left": facts.find_level_left(record),
        "failures": record.failures.most_common(),
        "damage": folders.list_damage(folder),
        "section": read_section(folder),
        "notes": [text for _, text in record.notes[-LAST_NOTES:]],
        "folder": format_line(folder.name),
    }


def read_section(folder: Path) -> ShownSection | None:
    """Return the toolchain's own section, ready to be shown; None where the task or its toolchain is not available
    here, or where another version of Pelagos wrote the settings."""
    from pydantic import ValidationError

    from agents import rerun

    try:
        section = rerun.read_section(folder)
    except (PelagosError, ValidationError):
        return None
    return prepare_section(section, ArtifactStore(folder / "artifacts"))


def make_text_reader(folder: Path) -> facts.Text:
    """Return a function that reads the text of an artifact. For one that is damaged or missing it returns the
    reason."""
    store = ArtifactStore(folder / "artifacts")

    def read_text(artifact: str) -> str:
        try:
            return store.text(artifact)
        except PelagosError as error:
            return f"(not readable: {error})"

    return read_text


def _make_environment(*, escape: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=escape,  # noqa: S701 - Markdown is cleaned by its own filter
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    add_filters(environment)
    return environment
