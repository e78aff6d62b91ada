"""Two kinds of studies as a user brings them, from files to the report by the command line alone: `tasks new`, `run`. The
sandbox is real; the model behind the endpoint takes the first of what it is offered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

from tests.agents.servers.imitation import Body, Imitation, serving
from tests.app.command import Completed, run_pelagos
from tools.analysis.trials.audit import null_control

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
PNG = b"\x89PNG"
GENES = ["ALB", "APOE", "CRP", "PKM", "ALDOA", "LDHA", "GOT1", "ENO1", "SOD1", "HP", "TTR", "FN1"]
CELL_TYPES = ["B cell", "T cell", "monocyte", "NK cell"]


class Obedient(Imitation):
    """Takes the first of each enumeration, and says the same where words are wanted."""

    def text(self, asked: Body) -> str:
        schema = self.schema(asked)
        if schema is None:
            return "Yes"
        fields = schema.get("properties", {})
        return json.dumps(
            {name: (field.get("enum") or ["it may be so in these data"])[0] for name, field in fields.items()}
        )


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with serving(Obedient()) as url:
        yield f"default=openai:m@{url}"


def write_survival(folder: Path, patients: int = 120) -> tuple[Path, Path]:
    """Raw intensities; the hazard rises with CRP; a third is censored."""
    draw = np.random.default_rng(11)
    level = draw.normal(size=(patients, len(GENES)))
    ids = [f"pt{number:03d}" for number in range(patients)]
    died = draw.exponential(50 * np.exp(-1.2 * level[:, GENES.index("CRP")]))
    left = draw.uniform(10, 150, patients)
    data, metadata = folder / "plasma.csv", folder / "patients.csv"
    pd.DataFrame(2 ** (20 + level), index=ids, columns=GENES).round(1).to_csv(data, index_label="patient")
    columns = {"patient": ids, "age": draw.normal(62, 9, patients).round(), "sex": draw.choice(["f", "m"], patients)}
    times = {"follow_up_months": np.minimum(died, left).round(1), "died": (died <= left).astype(int)}
    pd.DataFrame({**columns, **times}).to_csv(metadata, index=False)
    return data, metadata


def write_cells(folder: Path, subjects: int = 50, cells: int = 60) -> Path:
    """Cells of four types from subjects of two arms; treated ones have more monocytes and fewer B cells."""
    draw = np.random.default_rng(11)
    subject = np.repeat(np.arange(subjects), cells)
    kind = np.empty(subjects * cells, dtype=object)
    for number in range(subjects):
        shares = [0.12, 0.4, 0.38, 0.1] if number % 2 else [0.25, 0.4, 0.25, 0.1]
        own = draw.dirichlet(np.array(shares) * 150)
        kind[subject == number] = draw.choice(CELL_TYPES, size=cells, p=own)
    values = draw.normal(1, 0.5, (subjects * cells, 12)).clip(0)
    for place, name in enumerate(CELL_TYPES):
        values[kind == name, 3 * place : 3 * place + 3] += 2
    obs = {
        "patient": [f"p{number:02d}" for number in subject],
        "treatment": np.array(["placebo", "drug"])[subject % 2],
        "cell_type": kind,
    }
    index = [f"cell{number}" for number in range(len(subject))]
    data = anndata.AnnData(values, obs=pd.DataFrame(obs, index=index), var=pd.DataFrame(index=GENES))
    data.write_h5ad(folder / "cells.h5ad")
    return folder / "cells.h5ad"


def analyse(project: Path, endpoint: str, hypotheses: int, *files: str) -> tuple[str, Path]:
    """Make the task, run it, and return the report's text and the run's folder."""
    made = run_pelagos("tasks", "new", "study", *files, folder=project)
    assert made.returncode == 0, made.stderr
    options = ("--model", endpoint, "--hypotheses", str(hypotheses), "--hours", "0.3")
    done: Completed = run_pelagos("run", "study", *options, folder=project)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    (run,) = (project / "runs").iterdir()
    return (run / "report.md").read_text(), run


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(null_control, "SEEDS", null_control.SEEDS[:2])  # for the seconds that the others take
    (tmp_path / "project" / ".pelagos").mkdir(parents=True)
    (tmp_path / "project" / ".pelagos" / "secret").write_text("11" * 32)  # the same parts each time
    return tmp_path / "project"


def check_figures(run: Path, text: str) -> None:
    figures = list((run / "figures").glob("*.png"))
    assert figures and all(path.read_bytes().startswith(PNG) and path.name in text for path in figures)


def test_a_planted_hazard_is_found_in_a_cohort(project: Path, endpoint: str) -> None:
    data, metadata = write_survival(project)
    text, run = analyse(project, endpoint, 1, "--data", str(data), "--metadata", str(metadata))
    assert "hypotheses: 1, 1 supported on sealed samples" in text
    assert "A higher level of CRP goes with an earlier event (died), with age and sex in the model" in text
    assert "log hazard ratio per log2" in text and "survival\\_association" in text
    check_figures(run, text)


def test_a_planted_shift_of_cell_types_is_found_among_subjects(project: Path, endpoint: str) -> None:
    text, run = analyse(project, endpoint, 1, "--data", str(write_cells(project)))
    assert "hypotheses: 1, 1 supported on sealed samples" in text
    shift = ("The share of monocyte is higher in drug than in placebo", "The share of B cell is lower in drug than in")
    assert any(title in text for title in shift)
    assert "shares sum to one: where one type grows, the others shrink" in text
    assert "Null control: on 0 of 2 permutations" in text
    check_figures(run, text)
