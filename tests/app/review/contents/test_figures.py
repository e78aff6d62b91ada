from __future__ import annotations

from pathlib import Path

from app.review.contents.figures import MOST_FIGURES, PNG, SVG, TEXT, find_media_type, list_figures
from memory.artifacts import ArtifactStore
from pelagos.nouns import Experiment, OutcomeKind


def make_experiment(files: dict[str, str], seed: int = 1) -> Experiment:
    return Experiment(
        id=f"e{seed}", version="v", hypothesis="h", seed=seed, split="validation", outcome=OutcomeKind.OK, files=files
    )


def test_a_type_is_told_by_the_content() -> None:
    assert find_media_type(b"\x89PNG\r\n\x1a\n...") == PNG
    assert find_media_type(b"\n <SVG onload=x>") == SVG
    assert find_media_type(b"<?xml version='1.0'?>\n<svg/>") == SVG
    for text in (b"", b"<html><svg>", b"<?xml version='1.0'?><html/>", b"log <svg>", b"GIF89a"):
        assert find_media_type(text) == TEXT


def test_pictures_of_experiments_are_found_once_each(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path / "artifacts")
    png, log = store.put(b"\x89PNG\r\n\x1a\n1"), store.put_text("log")
    files = {"log": log, "figure": png, "gone": "0" * 64, "odd": "../../etc/passwd"}
    figures = list_figures(tmp_path, [make_experiment(files), make_experiment(files, 2)])
    assert [(figure.name, figure.digest) for figure in figures] == [("figure", png)]


def test_no_more_pictures_are_shown_than_a_page_holds(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path / "artifacts")
    files = {f"figure{place}": store.put(b"\x89PNG\r\n\x1a\n%d" % place) for place in range(MOST_FIGURES + 9)}
    assert len(list_figures(tmp_path, [make_experiment(files)])) == MOST_FIGURES
