"""Tests that every shipped snippet runs with the installed libraries on tiny data and belongs to existing findings."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from tools.literature.findings_library import load_library
from tools.literature.knowhow.note import Note
from tools.literature.knowhow.shipped import FOLDER, load_shipped_notes

LONGEST = 750
"""Characters of a small model's budget, some 250 tokens."""


def make_names(torch: bool) -> dict[str, Any]:
    """The names that a snippet may use: a model, its optimizer and data, or a table with its target."""
    draw = np.random.default_rng(0)
    table = {
        "np": np,
        "X": draw.normal(size=(40, 4)),
        "y": draw.gamma(2.0, size=40),
        "X_new": draw.normal(size=(6, 4)),
        "labels": np.arange(40) % 2,
        "amounts": draw.gamma(2.0, size=40),
        "hours": np.arange(40) % 24,
    }
    return table if not torch else table | network()


def network() -> dict[str, Any]:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)

    def make_model() -> Any:
        return torch.nn.Sequential(torch.nn.Linear(8, 4), torch.nn.ReLU(), torch.nn.Linear(4, 3))

    model, x, y = make_model(), torch.randn(20, 8), torch.arange(20) % 3
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    torch.nn.functional.cross_entropy(model(x), y).backward()
    return {
        "torch": torch,
        "make_model": make_model,
        "model": model,
        "optimizer": optimizer,
        "criterion": torch.nn.functional.cross_entropy,
        "x": x,
        "y": y,
        "x_held": x[:6],
        "y_held": y[:6],
        "x_new": torch.randn(5, 8),
        "signals": torch.randn(20, 1, 12),
        "target": torch.randn(20),
        "epochs": 4,
        "batch": 5,
        "step": 3,
    }


def code(note: Note) -> str:
    return note.text.removeprefix("```python\n").removesuffix("```")


@pytest.mark.parametrize("note", load_shipped_notes(), ids=lambda note: note.title)
def test_a_snippet_runs_and_fits_the_budget(note: Note) -> None:
    names = make_names("torch." in note.text)
    if "HuberLoss" in note.text:
        names["model"] = names["torch"].nn.Linear(8, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        warnings.simplefilter("error", FutureWarning)
        warnings.filterwarnings("error", message=".*lr_scheduler.*")
        exec(compile(code(note), note.title, "exec"), names)
    assert len(note.full_text) <= LONGEST
    result = names.get("predictions", names.get("mean"))
    assert result is None or np.isfinite(np.asarray(result)).all()


def test_every_section_is_a_note_of_a_finding_there_is() -> None:
    sections = sum(file.read_text("utf-8").count("\n## ") for file in FOLDER.glob("*.md"))
    assert len(load_shipped_notes()) == sections >= 24
    assert {id for note in load_shipped_notes() for id in note.findings} <= {paper.id for paper in load_library()}
    assert len({note.title for note in load_shipped_notes()}) == sections


@pytest.mark.parametrize("title", ["Averaged weights (SWA)", "Exponential moving average of the weights"])
def test_an_average_of_weights_is_what_predicts(title: str) -> None:
    """The snippet's last line applies the average: before it, the weights are those of the last update."""
    (note,) = (candidate for candidate in load_shipped_notes() if candidate.title == title)
    names = make_names(True) | {"epochs": 8}
    *lines, last = code(note).rstrip().split("\n")
    exec(compile("\n".join(lines), title, "exec"), names)
    before = names["model"][0].weight.clone()
    exec(compile(last, title, "exec"), names)
    assert not names["torch"].equal(before, names["model"][0].weight)
