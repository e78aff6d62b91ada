"""Loads a task's items: scikit-learn's data sets, mnist1d generated from the secret, or a file of the task.

All of this runs outside the sandbox, because it sees labels.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from pelagos.errors import BadInput, MissingPart
from pelagos.textfile import read_text

SHIPPED_SIZES: dict[str, int | None] = {"digits": 1797, "diabetes": 442, "mnist1d": None}
"""Number of items of each shipped data set; None if any number can be generated."""
REGRESSION_DATA = frozenset({"diabetes"})
"""Shipped data sets whose labels are values; the others have classes."""
Items = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


class Source(Protocol):
    """The `data` section of a task file."""

    @property
    def name(self) -> str | None: ...
    @property
    def path(self) -> str | None: ...
    @property
    def target(self) -> str | None: ...


def load_labels(source: Source, folder: Path) -> np.ndarray[Any, Any] | None:
    """The labels of all items of the task's own file; None for a shipped data set. Raises BadInput."""
    return None if source.name is not None else _read_file(source, folder)[1]


def load_items(source: Source, folder: Path, count: int, seed: bytes) -> Items:
    """All items: X (n, ...) float32 and y (n,) int64 classes or float32 values. Raises BadInput and MissingPart."""
    if source.name is None:
        return _read_file(source, folder)
    load: Callable[[], Items] = {
        "digits": lambda: _load_sklearn("load_digits"),
        "diabetes": lambda: _load_sklearn("load_diabetes"),
        "mnist1d": lambda: _make_mnist1d(count, seed),
    }[source.name]
    try:
        return load()
    except ImportError as error:
        raise MissingPart(f"data '{source.name}' needs {error.name}: pip install 'pelagos[code]'") from None


def _load_sklearn(loader: str) -> Items:
    """digits: X (1797, 64), pixels 0..16, y digit. diabetes: X (442, 10) as measured, y progression of disease."""
    from sklearn import datasets

    raw = {} if loader == "load_digits" else {"scaled": False}
    x, y = getattr(datasets, loader)(return_X_y=True, **raw)
    return x.astype(np.float32), y.astype(np.int64 if loader == "load_digits" else np.float32)


def _make_mnist1d(count: int, seed: bytes) -> Items:
    """X (count, 40), y digit (Greydanus and Kobak 2020), drawn from 256 secret bits; the package uses a 32-bit seed.

    A program in the sandbox could try `make_dataset` of the package with every seed. So its per-item transform is
    called here with a generator whose state can't be guessed. NumPy's global state is restored afterwards.
    """
    from mnist1d import get_dataset_args, get_templates
    from mnist1d.transform import transform

    args, templates = get_dataset_args(), get_templates()
    y = np.arange(count) % len(templates["y"])
    random_state = np.random.get_state()
    np.random.seed(np.frombuffer(seed, dtype=np.uint32))
    try:
        x = np.stack([transform(templates["x"][label], templates["t"], args)[0] for label in y])
    finally:
        np.random.set_state(random_state)
    return ((x - x.mean()) / x.std()).astype(np.float32), y.astype(np.int64)


def _read_file(source: Source, folder: Path) -> Items:
    path = folder / str(source.path)
    readers: dict[str, Callable[[Path, str | None], Items]] = {".npz": _read_npz, ".csv": _read_csv}
    if path.suffix not in readers:
        raise BadInput(f"'{path.name}' is neither .npz nor .csv; convert it to one of them")
    x, y = readers[path.suffix](path, source.target)
    if len(x) != len(y) or len(y) == 0 or y.ndim != 1:
        raise BadInput(f"'{path.name}' has X {x.shape} and y {y.shape}; it needs one y per row of X, and some rows")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise BadInput(f"'{path.name}' holds NaN or infinite values; fill or drop those rows")
    whole = bool(np.all(y == np.round(y))) and y.dtype.kind in "iub"
    return x.astype(np.float32), y.astype(np.int64 if whole else np.float32)


def _read_npz(path: Path, target: str | None) -> Items:
    try:
        with np.load(path, allow_pickle=False) as archive:
            x, y = archive["X"], archive["y"]
    except KeyError:
        raise BadInput(f"'{path.name}' lacks an array; save it by np.savez(path, X=..., y=...)") from None
    except (ValueError, OSError, EOFError) as error:
        raise BadInput(
            f"'{path.name}' is not a plain .npz file ({error}); save it by np.savez(path, X=..., y=...)"
        ) from None
    if x.dtype.kind not in "fiub" or y.dtype.kind not in "fiub":
        raise BadInput(f"'{path.name}' holds {x.dtype} and {y.dtype}; save numbers, with classes numbered 0, 1, 2 ...")
    return x, y


def _read_csv(path: Path, target: str | None) -> Items:
    header, *lines = _read_cells(path) or [[]]
    if target is None or target not in header:
        raise BadInput(f"target '{target}' is no column of '{path.name}'; set 'target' to one of: {', '.join(header)}")
    column = header.index(target)
    table = np.array(
        [_parse_numbers(path, number, header, line) for number, line in enumerate(lines, 2) if line], ndmin=2
    )
    if table.size == 0:
        raise BadInput(f"'{path.name}' has a header and no rows; add some")
    y = table[:, column]
    return np.delete(table, column, axis=1), y.astype(np.int64) if np.all(y == np.round(y)) else y


def _read_cells(path: Path) -> list[list[str]]:
    """Rows of cells; the first row is the header. Raises BadInput."""
    try:
        reader = csv.reader(io.StringIO(read_text(path)))
        return list(reader)
    except BadInput as error:
        raise BadInput(f"'{path.name}', {error}") from None
    except csv.Error as error:
        fault = f"'{path.name}', line {reader.line_num}: {error}"
        raise BadInput(f"{fault}; is a quote left open? cells are plain numbers") from None


def _parse_numbers(path: Path, number: int, header: list[str], line: list[str]) -> list[float]:
    if len(line) != len(header):
        raise BadInput(f"'{path.name}', line {number}: {len(line)} fields under {len(header)} columns; mend the line")
    for name, text in zip(header, line, strict=True):
        try:
            float(text)
        except ValueError:
            where = f"'{path.name}', line {number}: {name} '{text[:40]}' is not a number"
            raise BadInput(f"{where}; use numbers, with classes numbered 0, 1, 2 ...") from None
    return [float(text) for text in line]
