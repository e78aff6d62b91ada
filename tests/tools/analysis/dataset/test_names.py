"""Protein groups: accessions are split and cleaned, features get gene symbols."""

from __future__ import annotations

from pathlib import Path

import pytest

from pelagos.errors import BadInput
from tests.tools.analysis.tables import AD_CSF
from tools.analysis.dataset.accessions import split_group
from tools.analysis.dataset.symbols import name_group, read_symbols


@pytest.mark.parametrize(
    ("group", "accessions"),
    [
        ("P14618;P14618-2", ["P14618"]),
        ("P10636-2;P10636-6;Q9XXX1", ["P10636", "Q9XXX1"]),
        ("sp|P04075|ALDOA_HUMAN", ["P04075"]),
        ("HLA-DRB1", ["HLA-DRB1"]),  # a symbol's own hyphen is no isoform number
        ("", []),
    ],
)
def test_groups_are_split_and_isoform_numbers_taken_off(group: str, accessions: list[str]) -> None:
    assert split_group(group) == accessions


def test_symbols_come_out_of_a_fasta_file_or_a_table(tmp_path: Path) -> None:
    symbols = read_symbols(AD_CSF / "human.fasta")
    assert symbols["P10636"] == ("MAPT", "Microtubule-associated protein tau")
    found = name_group("A0A000XXXX;P10636-2;P10636-6", symbols)
    assert found is not None and found.symbol == "MAPT"
    assert name_group("Q00000", symbols) is None
    (tmp_path / "a.tsv").write_text("accession\tsymbol\nQ00000\tXYZ\n")
    assert read_symbols(tmp_path / "a.tsv")["Q00000"].symbol == "XYZ"


def test_a_file_without_symbols_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.fasta").write_text("no header\n")
    with pytest.raises(BadInput, match="no accession with a symbol"):
        read_symbols(tmp_path / "a.fasta")
