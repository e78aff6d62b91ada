"""Checks calls against what is known of the data, before they run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from tools.analysis.execution.analysis import Call as ToolCall
from tools.analysis.execution.checks import ObsColumn, check_calls
from tools.analysis.findings import Call
from tools.analysis.planning.study import Study


def find_faults(calls: Sequence[Call], study: Study) -> list[str]:
    """Return what is wrong with calls on the data as they are, one line each."""
    columns = {
        name: ObsColumn("numeric" if column.numeric else "group", () if column.numeric else tuple(column.levels))
        for name, column in study.view.columns.items()
    }
    typed, view, sets = cast("Sequence[ToolCall]", calls), study.view, study.task.gene_sets is not None
    return check_calls(typed, study.specs, columns, view.states, features=view.features, sets=sets)
