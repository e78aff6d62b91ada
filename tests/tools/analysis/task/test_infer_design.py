"""The design is read off the metadata, with a line for each guess."""

from __future__ import annotations

import anndata
import numpy as np
import pandas as pd
import pytest

from tests.tools.analysis.tables import AD_CSF, make_metadata, make_wide
from tools.analysis.design import Design
from tools.analysis.task.infer_design import infer_design
from tools.analysis.task.task_data import Given, read_given


def infer(obs: pd.DataFrame, values: pd.DataFrame | None = None, descriptions: dict[str, str] | None = None) -> Design:
    matrix = make_wide(len(obs)) if values is None else values
    data = anndata.AnnData(matrix.to_numpy(), obs=obs.set_axis(list(matrix.index), axis=0))
    data.var_names = list(matrix.columns)
    data.var["name"] = list(matrix.columns)
    data.var["description"] = [(descriptions or {}).get(name, "") for name in matrix.columns]
    return infer_design(data)


def test_group_levels_batch_and_covariates_are_found() -> None:
    design = infer(make_metadata().drop(columns="sample"))
    assert (design.group, design.case, design.control) == ("treatment", "treated", "control")
    assert (design.batch, design.covariates, design.subject) == ("batch", ["age"], None)
    assert design.guesses[0] == "batch: batch: 2 levels: 1, 2"


def test_samples_of_one_subject_are_pairs() -> None:
    obs = make_metadata().drop(columns="sample").assign(patient=[n // 2 for n in range(24)])
    assert infer(obs).subject == "patient"
    assert infer(obs.assign(patient=range(24))).subject is None  # one sample each: no pairs


def test_survival_needs_times_and_events() -> None:
    obs = make_metadata().drop(columns="sample").assign(os_days=np.arange(24) * 30 + 5.0, death=[0, 1, 1] * 8)
    design = infer(obs)
    assert (design.time, design.event) == ("os_days", "death") and design.group == "treatment"
    assert infer(obs.drop(columns="death")).time is None


@pytest.mark.parametrize(
    ("levels", "case", "control"),
    [
        (["healthy", "sick"], "sick", "healthy"),
        (["responder", "non-responder"], "responder", "non-responder"),
        (["non-small cell", "healthy", "small cell"], "non-small cell", "healthy"),
        (["0", "1"], "1", "0"),
    ],
)
def test_the_control_is_told_by_its_name(levels: list[str], case: str, control: str) -> None:
    design = infer(pd.DataFrame({"diagnosis": (levels * 24)[:24]}))
    assert (design.case, design.control) == (case, control)


def test_a_column_that_separates_the_groups_defines_them() -> None:
    rng = np.random.default_rng(1)
    treated = np.array([n % 2 for n in range(24)])
    obs = make_metadata().drop(columns="sample")
    obs["serum gamma [mg/L]"] = treated * 10 + rng.normal(size=24)
    obs["score"] = treated + rng.normal(size=24)  # associated, but not what the group was made from
    design = infer(obs, descriptions={"ALB": "Protein gamma", "PKM": "gamma-like kinase"})
    assert design.defines_group == ["serum gamma [mg/L]", "ALB"]
    assert "score" in design.numeric


def test_a_feature_that_is_the_group_defines_it() -> None:
    values = make_wide()
    values["leak"] = [float(n % 2) for n in range(24)]
    assert infer(make_metadata().drop(columns="sample"), values).defines_group == ["leak"]


def test_nothing_is_guessed_where_nothing_tells() -> None:
    assert infer(pd.DataFrame({"x": [f"free text {n}" for n in range(24)], "same": ["a"] * 24})) == Design()


def test_the_real_sub_sample() -> None:
    given = Given(AD_CSF / "proteome.csv", AD_CSF / "meta.csv", symbols=AD_CSF / "human.fasta")
    design = infer_design(read_given(given, None)[0])
    assert (design.case, design.control) == ("biochemical AD", "biochemical control")
    assert design.batch == "_collection site" and design.covariates == ["_age at CSF collection", "_gender"]
    assert {"_t-tau [ng/L]", "MAPT"} <= set(design.defines_group)
