"""Files of proteomics programs become samples x features: MaxQuant, DIA-NN and SomaScan are cuts of real files, the
others have the programs' layout."""

from __future__ import annotations

import numpy as np
import pytest

from pelagos.errors import BadInput
from tests.tools.analysis.tables import FILES
from tools.analysis.readers.detect import find_format, read_file
from tools.analysis.readers.reading import Reading
from tools.analysis.task.schema import Format


def read(name: str, format: Format) -> Reading:
    assert find_format(FILES / name) == format
    return read_file(FILES / name, format)


def test_maxquant_loses_contaminants_decoys_and_site_only_groups() -> None:
    reading = read("proteinGroups.txt", "maxquant")
    assert reading.values.shape == (8, 13) and reading.zeros_missing
    assert list(reading.values.index[:2]) == ["1_31_C6", "1_32_C7"]
    assert {"VCL;HEL114", "APOA1"} <= set(reading.features["name"]) and "KRT6A" not in set(reading.features["name"])
    assert reading.notes == [
        "2 rows of the reversed database dropped",
        "3 rows of contaminants dropped",
        "2 rows identified by site only dropped",
    ]


def test_diann_matrix_names_samples_without_the_raw_files_folder() -> None:
    reading = read("report.pg_matrix.tsv", "diann")
    assert list(reading.values.index) == ["S1", "S2", "S3", "S4"]
    assert list(reading.features["name"]) == ["MAPT", "PKM", "ALDOA", "LDHA"]
    assert int(reading.values.isna().to_numpy().sum()) == 2


def test_diann_report_gives_one_value_per_run_and_group() -> None:
    reading = read("diann_report.tsv", "diann")
    assert reading.values.shape == (6, 20)
    assert reading.values.loc["QExHF03753", "B2RXS4"] == pytest.approx(5008206.0)


def test_spectronaut_pivot_takes_quantities_and_reads_filtered_as_missing() -> None:
    reading = read("spectronaut_pivot.tsv", "spectronaut")
    assert list(reading.values.index) == ["S1", "S2", "S3", "S4"] and reading.values.shape[1] == 4
    assert np.isnan(reading.values.loc["S4", "P04075"]) and reading.values.loc["S1", "P04075"] > 1000


def test_spectronaut_long_report_is_pivoted() -> None:
    reading = read("spectronaut_long.tsv", "spectronaut")
    assert reading.values.shape == (4, 4) and set(reading.features["name"]) == {"MAPT", "PKM", "ALDOA", "LDHA"}
    assert np.isnan(reading.values.loc["S3", "P10636"])


def test_fragpipe_takes_maxlfq_alone_and_drops_contaminants() -> None:
    reading = read("combined_protein.tsv", "fragpipe")
    assert reading.values.shape == (4, 4) and list(reading.values.index) == ["S1", "S2", "S3", "S4"]
    assert list(reading.features["name"]) == ["MAPT", "PKM", "ALDOA", "LDHA"]
    assert reading.values.loc["S3", "P14618"] == 0 and reading.zeros_missing
    assert reading.notes == ["1 rows of decoys and contaminants dropped"]


def test_olink_is_log2_without_controls_and_failed_values() -> None:
    reading = read("olink.npx.csv", "olink")
    assert reading.scale == "log2" and reading.zeros_missing is False
    assert reading.values.shape == (4, 3) and list(reading.features["name"]) == ["IL6", "TNF", "VEGFA"]
    assert np.isnan(reading.values.loc["S2", "OID20002"])
    assert list(reading.samples.columns) == ["PlateID"]


def test_somascan_keeps_study_samples_and_human_proteins() -> None:
    reading = read("cut.adat", "somascan")
    assert reading.scale == "raw" and reading.values.shape == (8, 6)
    assert reading.values.loc["1", "10000-28"] == 476.5
    assert reading.features.loc["10001-7", "name"] == "RAF1" and reading.features.loc["10001-7", "ids"] == "P04049"
    assert reading.samples["Age"].dtype == float or reading.samples["Age"].dtype == int
    assert reading.notes == ["2 control samples dropped", "3 control aptamers dropped"]


@pytest.mark.parametrize("format", ["maxquant", "diann", "spectronaut", "fragpipe", "olink", "somascan"])
def test_a_file_of_another_program_is_refused_in_one_line(format: Format) -> None:
    name = "olink.npx.csv" if format != "olink" else "combined_protein.tsv"
    with pytest.raises(BadInput) as failure:
        read_file(FILES / name, format)
    assert "\n" not in str(failure.value) and name in str(failure.value)
