"""Metadata are matched to the samples by the column that holds their ids; what does not match is named."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pelagos.errors import BadInput
from tests.tools.analysis.tables import make_metadata, make_wide
from tools.analysis.dataset.metadata import collect_ids, match_metadata

SAMPLES = list(make_wide().index)
PATH = Path("meta.csv")


def test_rows_come_in_the_samples_order() -> None:
    metadata = make_metadata().sample(frac=1, random_state=3)
    matched = match_metadata(metadata, SAMPLES, None, PATH)
    assert list(matched.index) == SAMPLES and list(matched["treatment"][:2]) == ["control", "treated"]
    assert set(SAMPLES) <= collect_ids(metadata)


def test_samples_without_metadata_are_named() -> None:
    with pytest.raises(BadInput, match=r"no row in column 'sample' for 2 of 24 samples: S23, S24; add rows") as failure:
        match_metadata(make_metadata(22), SAMPLES, None, PATH)
    assert "\n" not in str(failure.value)


def test_metadata_of_other_samples_are_refused_with_both_names() -> None:
    other = make_metadata().assign(sample=lambda table: "patient " + table["sample"])
    with pytest.raises(BadInput, match=r"no column holds the ids .* the data have S01, .* the metadata patient S01"):
        match_metadata(other, SAMPLES, None, PATH)


def test_a_sample_with_two_rows_is_refused() -> None:
    metadata = pd.concat([make_metadata(), make_metadata().iloc[[4]]])
    with pytest.raises(BadInput, match="sample 'S05' has two rows"):
        match_metadata(metadata, SAMPLES, None, PATH)


def test_numbers_as_ids_match_their_text() -> None:
    metadata = pd.DataFrame({"id": [1.0, 2.0, 3.0], "group": ["a", "b", "a"]})
    assert list(match_metadata(metadata, ["3", "1", "2"], "id", PATH)["group"]) == ["a", "a", "b"]
    with pytest.raises(BadInput, match="no column 'ID' with sample ids; there are: id, group"):
        match_metadata(metadata, ["3"], "ID", PATH)
