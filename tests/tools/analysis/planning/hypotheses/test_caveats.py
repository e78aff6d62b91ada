from pathlib import Path

import pytest

from tests.tools.analysis.planning.examples import DESIGN
from tests.tools.analysis.small_study import PLANTED, draw_study
from tools.analysis.dataset.h5ad import write_dataset
from tools.analysis.planning.hypotheses.caveats import find_circularity, find_confounding

GOES_WITH_LOAD = f"P{PLANTED:02d}"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study") / "data.h5ad"
    write_dataset(draw_study(), path)
    return path


def test_a_feature_that_defined_the_group_is_circular_by_name(study: Path) -> None:
    design = DESIGN.model_copy(update={"defines_group": ["gen1"]})
    found = find_circularity(study, design, ["P01", "P09"])
    assert [caveat.about for caveat in found] == ["P01"]
    assert "circular" in found[0].text


def test_a_feature_that_goes_with_what_defined_the_group_is_circular(study: Path) -> None:
    design = DESIGN.model_copy(update={"defines_group": ["load"]})
    found = find_circularity(study, design, [GOES_WITH_LOAD, "P09"])
    assert [caveat.about for caveat in found] == [GOES_WITH_LOAD]
    assert f"{found[0].numbers[0]:.2f}" in found[0].text


def test_nothing_is_circular_where_nothing_defined_the_group(study: Path) -> None:
    assert find_circularity(study, DESIGN, ["P01"]) == []


def test_an_unbalanced_batch_is_said_and_a_balanced_covariate_is_not(study: Path) -> None:
    found = find_confounding(study, DESIGN)
    assert [caveat.about for caveat in found] == ["site"]
    assert "unbalanced over site" in found[0].text


def test_a_batch_with_one_group_only_is_named(tmp_path: Path) -> None:
    data = draw_study()
    data.obs.loc[data.obs["site"] == "north", "arm"] = "plain"
    write_dataset(data, tmp_path / "data.h5ad")
    found = find_confounding(tmp_path / "data.h5ad", DESIGN)
    assert "only one of the groups is in north" in found[0].text
