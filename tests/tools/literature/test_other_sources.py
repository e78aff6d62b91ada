"""Sources of installed packages are asked where the settings name them; a broken one is said and left out."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from pydantic import ValidationError

from agents.testing import check_source
from pelagos import plugins
from pelagos.nouns import Paper
from pelagos.settings import SOURCES_GROUP, Literature
from tools.literature.cascade import Cascade


class Library:
    """Has one paper."""

    def __init__(self, settings: Literature) -> None:
        self.name, self.dropped, self.pages = "library", 0, settings.text_chars

    def search(self, query: str, limit: int) -> list[Paper]:
        return [Paper(id="library:1", title="Squares", abstract="Of columns.", source=self.name)] if query else []

    def fetch(self, paper: Paper) -> Paper:
        return paper


class Half:
    name, dropped = "half", 0

    def __init__(self, settings: Literature) -> None: ...


@pytest.fixture(autouse=True)
def others(monkeypatch: pytest.MonkeyPatch) -> None:
    points = {"library": f"{__name__}:Library", "half": f"{__name__}:Half", "gone": "no.such:Library"}
    found = {SOURCES_GROUP: [EntryPoint(name, value, SOURCES_GROUP) for name, value in points.items()]}
    monkeypatch.setattr(plugins, "entry_points", lambda group: found.get(group, []))


def test_a_named_source_is_asked_and_broken_ones_are_said(tmp_path: Path) -> None:
    said: list[str] = []
    settings = Literature(sources=["half", "gone", "library"], cache=tmp_path)
    cascade = Cascade.open(settings, None, said.append)
    found = cascade.search("squares", 3)
    cascade.close()
    assert ([paper.id for paper in found.papers], found.answered) == (["library:1"], ["library"])
    assert "source of papers 'half'" in said[0] and "lacks search, fetch" in said[0]
    assert "source of papers 'gone'" in said[1] and "can't be loaded" in said[1]
    assert check_source(Library(settings), "squares") == []


def test_an_unknown_source_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValidationError, match="no such source of papers; did you mean 'library'"):
        Literature(sources=["librari"])
    with pytest.raises(ValidationError, match="did you mean 'arxiv'"):
        Literature(pause_s={"arxive": 3})
