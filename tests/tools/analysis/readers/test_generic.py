"""Generic tables: which way a wide one lies, which column is which in a long one, what is a plain table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pelagos.errors import BadInput
from tests.tools.analysis.tables import PROTEINS, make_metadata, make_wide, write_csv
from tools.analysis.readers.detect import find_format, read_file
from tools.analysis.readers.reading import make_unique
from tools.analysis.readers.table_file import read_table_file, to_numbers

IDS = set(make_metadata()["sample"])


@pytest.mark.parametrize("ids", [IDS, set()])
@pytest.mark.parametrize("turned", [False, True])
def test_a_wide_table_is_read_whichever_way_it_lies(ids: set[str], turned: bool, tmp_path: Path) -> None:
    wide = make_wide()
    if not ids:  # nothing but the names tells: they must be accessions
        wide.columns = [f"P0000{number}" for number in range(10)]
    path = write_csv(wide.T if turned else wide, tmp_path / "a.csv", index=True)
    assert find_format(path, ids) == "wide"
    reading = read_file(path, "wide", ids)
    pd.testing.assert_frame_equal(reading.values, wide, check_names=False)


def test_words_beside_the_values_are_metadata(tmp_path: Path) -> None:
    wide = make_wide().assign(sex=["f", "m"] * 12, dose=[1.0, 2.0] * 12)
    path = write_csv(wide, tmp_path / "a.tsv", index=True)
    reading = read_file(path, "wide", IDS, ["dose"])
    assert list(reading.samples.columns) == ["sex", "dose"] and list(reading.values.columns) == list(PROTEINS)


def test_rows_of_proteins_keep_their_gene_names(tmp_path: Path) -> None:
    table = make_wide().T.reset_index(names="Gene").assign(Accession=[f"P0000{n}" for n in range(10)])
    reading = read_file(write_csv(table, tmp_path / "a.csv"), "wide", IDS)
    assert reading.features.iloc[0].to_dict() == {"ids": "P00000", "name": "ALB"}


def test_a_stray_word_among_numbers_is_named_with_its_place(tmp_path: Path) -> None:
    wide = make_wide().astype(object)
    wide.iloc[2, 1] = "high"
    path = write_csv(wide, tmp_path / "a.csv", index=True)
    with pytest.raises(BadInput, match=r"column 'APOE', row 'S03': 'high' is no number"):
        read_file(path, "wide", IDS)


def make_long() -> pd.DataFrame:
    wide = make_wide(12)
    long = wide.reset_index(names="sample_id").melt("sample_id", var_name="protein", value_name="intensity")
    long["batch"] = long["sample_id"].map(dict(zip(wide.index, ["b1", "b2"] * 6, strict=True)))
    long["patient"] = long["sample_id"].str[1:].astype(int) // 2
    return long


def test_a_long_table_is_pivoted_and_keeps_what_it_says_of_samples(tmp_path: Path) -> None:
    path = write_csv(make_long().sample(frac=1, random_state=1), tmp_path / "a.csv")
    assert find_format(path) == "long"
    reading = read_file(path, "long")
    pd.testing.assert_frame_equal(reading.values[list(PROTEINS)], make_wide(12), check_names=False)
    assert list(reading.samples["batch"]) == ["b1", "b2"] * 6 and "patient" in reading.samples


def test_a_pair_given_twice_is_named(tmp_path: Path) -> None:
    long = make_long()
    path = write_csv(pd.concat([long, long.iloc[[7]]]), tmp_path / "a.csv")
    with pytest.raises(BadInput, match="sample 'S08', protein 'ALB' stands there twice"):
        read_file(path, "long")


def test_a_plain_table_has_numbers_as_features_and_all_columns_as_metadata(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"income": rng.normal(size=30), "years": rng.integers(0, 20, 30), "town": ["a", "b", "c"] * 10}
    )
    table["same"] = 1
    for path in (write_csv(table, tmp_path / "a.csv"), tmp_path / "a.parquet", tmp_path / "a.dta"):
        if path.suffix == ".parquet":
            table.to_parquet(path)
        if path.suffix == ".dta":
            table.to_stata(path, write_index=False)
        assert find_format(path) == "table"
        reading = read_file(path, "table")
        assert list(reading.values.columns) == ["income", "years"]
        assert list(reading.samples.columns) == ["income", "years", "town"] and reading.values.index[0] == "row 1"
        assert reading.notes == ["columns with one value or none left out: same"]


def test_column_names_in_capitals_make_no_proteins(tmp_path: Path) -> None:
    table = pd.DataFrame({"GENDER": ["MALE", "FEMALE"] * 20, "AGE": range(40), "INCOME": np.arange(40) * 1.5})
    assert find_format(write_csv(table, tmp_path / "a.csv")) == "table"


@pytest.mark.parametrize("content", [b"", b"hello\nworld\n", b"\x89PNG\r\n\x1a\n\x00\x00", b"a,b\n1,2\n", b"{}"])
def test_what_is_no_table_is_refused_in_one_line(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"a\.csv: not a table") as failure:
        find_format(path)
    assert "\n" not in str(failure.value)


def test_delimiters_and_decimal_commas_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sample;x;y\na;1,5;NA\nb;2,25;7\n")
    numbers = to_numbers(read_table_file(path)[["x", "y"]])
    assert list(numbers["x"]) == [1.5, 2.25] and np.isnan(numbers["y"][0])


def test_wide_lines_and_delimiters_in_quotes(tmp_path: Path) -> None:
    names = [f"P{number:05d}" for number in range(20_000)]
    lines = [",".join(["sample", *names]), *(",".join([s, *["12345.5"] * 20_000]) for s in ("a", "b"))]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    assert read_table_file(tmp_path / "a.csv").shape == (2, 20_001) and find_format(tmp_path / "a.csv", {"a"}) == "wide"
    (tmp_path / "b.csv").write_text('id,"size, cm","a;b;c"\nx,1,2\ny,3,4\n')
    assert list(read_table_file(tmp_path / "b.csv").columns) == ["id", "size, cm", "a;b;c"]


def test_repeated_names_are_numbered() -> None:
    assert make_unique(["a", "b", "a", "a.2", "a"]) == ["a", "b", "a.3", "a.2", "a.4"]
