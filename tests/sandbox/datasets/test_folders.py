"""Finding data in package folders, on small trees like those of real packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.datasets import folders
from sandbox.datasets.folders import find_data_paths, find_datasets, package_folders

PACKAGES = "lib/python3.11/site-packages"


def tree(root: Path, *paths: str) -> Path:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * 2000)
    return root


def names(root: Path, found: set[Path]) -> set[str]:
    return {path.relative_to(root.resolve()).as_posix() for path in found}


@pytest.mark.parametrize(
    ("files", "hidden"),
    [
        (["sklearn/datasets/data/digits.csv.gz", "sklearn/datasets/_base.py"], {"sklearn/datasets/data"}),
        (["scipy/io/arff/tests/data/iris.arff", "scipy/io/arff/tests/test_x.py"], {"scipy/io/arff/tests"}),
        (["scipy/spatial/tests/data/iris.txt"], {"scipy/spatial/tests"}),
        (["lib/test/flowers.json"], {"lib/test"}),
        (["lib/tests/test_a.py", "lib/tests/helpers.py"], set()),
        (["astropy/tests/runner.py", "astropy/tests/data/iris.csv"], {"astropy/tests/data"}),
        (["lib/samples/a.csv", "lib/samples/b.parquet", "lib/samples/README"], {"lib/samples"}),
        (["lib/a.csv", "lib/__init__.py", "lib/b.npz"], {"lib/a.csv", "lib/b.npz"}),
        (["lib/res/table.dat", "lib/res/x.yaml", "lib/res/y.yaml"], {"lib/res/table.dat"}),
        (["lib/train-labels-idx1-ubyte", "lib/x.py"], {"lib/train-labels-idx1-ubyte"}),
        (["lib/x.py", "lib/d/data.MAT", "lib/d/y.h5", "lib/d/z.pkl.xz", "lib/d/s.tar.gz"], {"lib/d"}),
        (["lib/model.json", "lib/words.txt", "lib/x.so", "lib/icon.png", "lib/lib.pth"], set()),
        (["scipy/stats/_sobol_direction_numbers.npz", "scipy/stats/x.py"], set()),
        (["dateutil/zoneinfo/dateutil-zoneinfo.tar.gz"], set()),
        (["data.csv"], {"data.csv"}),
        (["mnist1d/data.py", "mnist1d_next/x.py"], {"mnist1d", "mnist1d_next"}),
    ],
)
def test_what_holds_data_is_found_and_what_a_package_needs_stays(
    tmp_path: Path, files: list[str], hidden: set[str]
) -> None:
    assert names(tmp_path, find_data_paths(tree(tmp_path, *files))) == hidden


def test_a_package_behind_a_link_is_looked_through_once(tmp_path: Path) -> None:
    tree(tmp_path, "shared/lib/x.py", "shared/lib/labels.csv")
    (tmp_path / "site-packages").mkdir()
    (tmp_path / "site-packages" / "lib").symlink_to("../shared/lib")
    (tmp_path / "shared/lib/round").symlink_to("..")
    assert find_data_paths(tmp_path / "site-packages") == {(tmp_path / "shared/lib/labels.csv").resolve()}


def test_folders_of_packages_that_arent_imported_from_are_hidden_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used, older = tmp_path / PACKAGES, tmp_path / "lib/python3.9/site-packages"
    system, nested = tmp_path / "lib/python3/dist-packages", tmp_path / "lib/tool/lib/python3.12/site-packages"
    tree(tmp_path, f"{PACKAGES}/a/x.py", f"{PACKAGES}/a/y.csv", "lib/R/site/datasets/data/Rdata.rdb")
    for place in (older, system, nested):
        tree(place, "sklearn/datasets/data/digits.csv.gz", "sklearn/x.py")
    monkeypatch.setattr(folders, "import_folders", lambda: {used.resolve()})
    paths = find_datasets([tmp_path / "lib", tmp_path / "pyvenv.cfg"])
    assert paths == {older, system, nested, used / "a/y.csv", tmp_path / "lib/R/site/datasets/data"}


def test_a_folder_of_packages_is_found_where_it_is_shown_itself(tmp_path: Path) -> None:
    (tmp_path / "site-packages" / "x" / "site-packages").mkdir(parents=True)
    assert list(package_folders(tmp_path / "site-packages")) == [tmp_path / "site-packages"]
