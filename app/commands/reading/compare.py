"""`pelagos compare`: two runs, or two hypotheses as RUN/ID, side by side. It changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.output import Json, complain, make_console, make_table, print_json
from app.record import folders
from pelagos.errors import BadInput

if TYPE_CHECKING:
    from app.review.compare.hypotheses import ComparedHypotheses
    from app.review.compare.lines import Line
    from app.review.compare.runs import ComparedRuns, RunSide

Name = Annotated[str, typer.Argument(help="A run, or a hypothesis as RUN/ID.")]


def compare(a: Name, b: Name, json: Json = False) -> None:
    """Compare two runs, or two hypotheses: settings, numbers, costs. It says where numbers can't be compared."""
    from app.review.compare.hypotheses import compare_hypotheses, read_hypothesis_side
    from app.review.compare.runs import compare_runs

    (run, one), (other, two) = _read(a), _read(b)
    if bool(one) != bool(two):
        raise BadInput(f"compare {a} {b}: one is a run, the other a hypothesis: give two of a kind")
    if one:
        sides = (read_hypothesis_side(*_place(run), one), read_hypothesis_side(*_place(other), two))
        _show(a, b, *_list_hypothesis_tables(compare_hypotheses(*sides)), json)
    else:
        _show(a, b, *_list_run_tables(compare_runs(run, other)), json)


def _read(name: str) -> tuple[RunSide, str]:
    """Return the run that `name` names, and the hypothesis, "" where it names a run. Raises BadInput."""
    from app.review.compare.runs import read_side

    folder, hypothesis = _find(name)
    return read_side(folder, folders.read_record(folder), folder.name), hypothesis


def _find(name: str) -> tuple[Path, str]:
    try:
        return folders.find_run(name), ""
    except BadInput:
        run, _, hypothesis = name.rpartition("/")
        if not run:
            raise
        return folders.find_run(run), hypothesis


def _place(run: RunSide) -> tuple[Path, RunSide]:
    return Path(run.record.ledger).parent, run


def _list_run_tables(compared: ComparedRuns) -> tuple[list[str], dict[str, list[Line]]]:
    tables = {
        "The runs": compared.facts,
        "How far hypotheses came": compared.funnel,
        "Budgets": compared.budgets,
        "Settings that differ": compared.settings,
    }
    return compared.warnings, tables


def _list_hypothesis_tables(compared: ComparedHypotheses) -> tuple[list[str], dict[str, list[Line]]]:
    return compared.warnings, {"Numbers": compared.numbers}


def _show(a: str, b: str, warnings: list[str], tables: dict[str, list[Line]], json: bool) -> None:
    if json:
        print_json(_make_value(a, b, warnings, tables))
        return
    for warning in warnings:
        complain(f"not to be compared: {warning}")
    for title, lines in tables.items():
        if lines:
            rows = [(line.name, line.a, line.b, "≠" if line.differs else "") for line in lines]
            make_console().print(make_table(("", a, b, ""), rows, title))


def _make_value(a: str, b: str, warnings: list[str], tables: dict[str, list[Line]]) -> dict[str, Any]:
    lines = {title: [{**line._asdict(), "differs": line.differs} for line in each] for title, each in tables.items()}
    return {"a": a, "b": b, "warnings": warnings, **lines}
