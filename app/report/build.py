"""The report of a run, finished or not, from its ledger and artifacts alone: report.html and report.md.

The page is one file: no script, no request. All text of models, papers, logs and tasks is escaped or cleaned.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app import folders
from app.board import bars, funnel
from app.report import facts
from app.report.headline import headline
from app.report.plots import Axis, axis_plot, interval_plot
from app.warning import warning
from app.words import duration, interval, line, money, number, signed, with_unit
from memory.artifacts import ArtifactStore
from memory.faults import on_disk
from pelagos.errors import PelagosError
from pelagos.quoting import fenced
from pelagos.visible import visible, whole

HERE = Path(__file__).parent
HTML, MARKDOWN = "report.html", "report.md"
LAST_NOTES = 40


def write(folder: Path, out: Path | None = None) -> tuple[Path, Path]:
    """Write both reports into `out`, by default the run folder, and return their paths.

    Raises BadInput, DamagedRun and DiskFull.
    """
    out = out or folder
    with on_disk(out):
        shown = contents(folder)
        out.mkdir(parents=True, exist_ok=True)
        html, markdown = out / HTML, out / MARKDOWN
        _put(html, _environment(escape=True).get_template("report.html.j2").render(shown))
        _put(markdown, _environment(escape=False).get_template("report.md.j2").render(shown))
    return html, markdown


def _put(path: Path, text: str) -> None:
    """Whole or not at all: where there is no room, an earlier report stays."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_text(whole(text), "utf-8")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def contents(folder: Path) -> dict[str, Any]:
    """Everything both forms show."""
    record = folders.read(folder)
    state, _ = folders.standing(folder, record)
    found = facts.findings(record)
    shown = facts.detailed(found, record, _reader(folder))
    passed, metric = funnel(record), record.metric
    reason, _, printed = folders.reason(record, state).partition("\n")
    reach = [value for one in found if one.verdict for value in (one.verdict.low, one.verdict.high, one.verdict.effect)]
    return {
        "headline": headline(metric, passed, found, state),
        "record": record,
        "state": state,
        "reason": line(reason, 600),
        "printed": visible(printed),
        "metric": metric,
        "baseline": facts.baseline(record),
        "funnel": passed,
        "findings": found,
        "detailed": shown,
        "linked": {one.id for one in shown},
        "axis": Axis.over(reach, metric.min_effect if metric else 0.0),
        "bars": bars(record),
        "warning": warning(record),
        "isolation": facts.isolation(record),
        "models": facts.models(record),
        "sealed_touches": facts.seal_touched(record),
        "sealed_touches_ever": facts.seal_touched_ever(record),
        "failures": facts.failures(record),
        "damage": folders.damage(folder),
        "section": _section(folder),
        "notes": [text for _, text in record.notes[-LAST_NOTES:]],
        "folder": line(folder.name),
    }


def _section(folder: Path) -> Any:
    """The toolchain's own part; None where the task or its toolchain can't be had here, or where another version of
    Pelagos wrote the settings."""
    from pydantic import ValidationError

    from agents.aside import section

    try:
        return section(folder)
    except (PelagosError, ValidationError):
        return None


def _reader(folder: Path) -> facts.Text:
    """Texts of artifacts; one that is damaged or missing says so in its place."""
    store = ArtifactStore(folder / "artifacts")

    def text(artifact: str) -> str:
        try:
            return store.text(artifact)
        except PelagosError as error:
            return f"(not readable: {error})"

    return text


def _environment(*, escape: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=escape,  # noqa: S701 - Markdown is cleaned by its own filter
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "clean": visible,
        "fenced": partial(fenced, mark="`"),
        "line": line,
        "number": number,
        "signed": signed,
        "duration": duration,
        "with_unit": with_unit,
        "md": _markdown,
    }
    environment.globals |= {
        "interval": interval,
        "money": money,
        "interval_plot": interval_plot,
        "axis_plot": axis_plot,
    }
    return environment


def _markdown(text: object) -> str:
    """One line in which nothing is markup."""
    plain = line(str(text), 1_000)
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]<>#|!" else sign for sign in plain)
