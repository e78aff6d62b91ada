"""BibTeX as reference managers and people write it."""

from __future__ import annotations

import pytest

from pelagos.nouns import Paper
from tools.literature.bibtex import parse

OTHER = "@article{b, title = {Another}}\n"


@pytest.mark.parametrize(
    "field",
    [
        "month = January",
        'month = "Jan."',
        "month = 13",
        "month = jan",
        'month = jan # "~1"',
        "month = janvier # x",
        "journal = nips",
        "year = c2020",
        "month = {}",
    ],
)
def test_an_abbreviation_that_nobody_defined_loses_nothing(field: str) -> None:
    found = list(parse(f"@article{{a, title = {{One}}, {field}}}\n{OTHER}"))
    assert [one.title for one in found if isinstance(one, Paper)] == ["One", "Another"]


def test_a_string_defined_by_another_that_is_not() -> None:
    found = list(parse(f"@string{{where = somewhere}}\n@article{{a, title = {{One}}, journal = where}}\n{OTHER}"))
    assert [one.title for one in found if isinstance(one, Paper)] == ["One", "Another"]


def test_a_year_by_an_abbreviation_is_still_a_year() -> None:
    (paper,) = parse("@article{a, title = {One}, year = c2020}")
    assert isinstance(paper, Paper)
    assert paper.year == 2020
