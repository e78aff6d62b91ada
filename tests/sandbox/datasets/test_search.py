"""The search by content: every form in which a data set is shipped, and files that only look like one."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import pickle
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pelagos.errors import SandboxError
from pelagos.nouns import OutcomeKind
from sandbox.backends.bubblewrap import Bubblewrap
from sandbox.datasets.search import LABEL_SEQUENCES, find_readable_labels, search_labels
from sandbox.datasets.search_inside import LabelPatterns, contains_labels
from sandbox.host import host_view
from sandbox.protocol import Outcome, Spec

CLASSES, VALUES = list(LABEL_SEQUENCES[0]), list(LABEL_SEQUENCES[1])
NEEDLES = [LabelPatterns(list(run)) for run in LABEL_SEQUENCES]
BEFORE = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] * 3


def table(y: list[float], first: bool = False) -> bytes:
    """As CSV with twelve features of noise beside each label."""
    draw = random.Random(1)
    rows = [[f"{draw.random():.3f}" for _ in range(12)] for _ in y]
    whole = [[f"{label:g}", *row] if first else [*row, f"{label:g}"] for label, row in zip(y, rows, strict=True)]
    return "\n".join([",".join(f"f{n}" for n in range(13)), *map(",".join, whole)]).encode()


def saved(save: Callable[[Path], None], path: Path) -> bytes:
    save(path)
    return path.read_bytes()


@pytest.mark.parametrize("labels", [BEFORE + CLASSES, VALUES], ids=["classes", "values"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("first", [False, True])
def test_a_column_of_labels_is_found_in_a_table(
    tmp_path: Path, labels: list[float], pack: Callable[[bytes], bytes], first: bool
) -> None:
    (tmp_path / "x").write_bytes(pack(table(labels, first)))
    assert contains_labels(str(tmp_path / "x"), NEEDLES)


@pytest.mark.parametrize("kind", ["i1", "i4", "i8", "f4", "f8"])
def test_an_array_of_labels_is_found(tmp_path: Path, kind: str) -> None:
    y = np.array(BEFORE + CLASSES, kind)
    np.save(tmp_path / "a.npy", y)
    np.savez_compressed(tmp_path / "b.npz", x=np.zeros((62, 9)), y=y)
    (tmp_path / "c.pkl").write_bytes(pickle.dumps({"y": y}))
    assert all(contains_labels(str(tmp_path / name), NEEDLES) for name in ("a.npy", "b.npz", "c.pkl"))


def test_lists_and_fishers_flowers_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"target": VALUES}))
    (tmp_path / "b.txt").write_text("\n".join(f"{value:.18e}" for value in VALUES))
    (tmp_path / "c.arff").write_text(
        "5.1,3.5,1.4,0.2,Iris-setosa\n4.9,3.0,1.4,0.2,Iris-setosa\n4.7,3.2,1.3,0.2,I\n" * 2
    )
    (tmp_path / "d.csv").write_text("5.1,3.5,1.4,0.2,0\n4.9,3.0,1.4,0.2,0\n4.7,3.2,1.3,0.2,0\n" * 3)
    assert all(contains_labels(str(path), NEEDLES) for path in tmp_path.iterdir())


def test_other_numbers_prose_and_broken_files_are_none(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(table([float(n % 10) for n in range(200)]))
    (tmp_path / "b").write_bytes(table(VALUES[::-1]))
    (tmp_path / "c").write_text("It was a dark and stormy night. " * 99)
    (tmp_path / "d").write_bytes(gzip.compress(table(VALUES))[:30] + b"broken")
    (tmp_path / "e").write_bytes(b"PK\x03\x04 no archive")
    (tmp_path / "f").write_bytes(b"\x7fELF" + np.array(CLASSES).tobytes())
    (tmp_path / "g").write_bytes(b"")
    assert not any(contains_labels(str(path), NEEDLES) for path in tmp_path.iterdir())
    assert not contains_labels(str(tmp_path / "none"), NEEDLES)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_isnt_covered_is_found_in_a_jail_and_what_is_found_is_kept(
    best: Bubblewrap, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("sklearn")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert find_readable_labels(best) == []
    assert find_readable_labels(best) == [] and len(list(tmp_path.rglob("*.json"))) == 1
    monkeypatch.setattr(host_view, "masked_paths", lambda: [])
    assert any("digits.csv.gz" in path for path in search_labels(best))
    assert find_readable_labels(best) and len(list(tmp_path.rglob("*.json"))) == 2


class Cut:
    """A sandbox in which the search is cut off."""

    name = "cut"

    def __init__(self, found: list[str]) -> None:
        self.found = found

    def run(self, spec: Spec, on_line: Callable[[str], None] | None = None) -> Outcome:
        answer = {"found": self.found, "looked": 9, "whole": False}
        return Outcome(OutcomeKind.OK, files={"answer.json": json.dumps(answer).encode()})


def test_a_search_that_is_cut_off_is_no_clean_one() -> None:
    assert search_labels(Cut(["/usr/iris.csv"])) == ["/usr/iris.csv"]
    with pytest.raises(SandboxError, match="was not over after 60 s and 9 files"):
        search_labels(Cut([]))
