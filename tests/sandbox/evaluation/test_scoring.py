"""The scoring script reads hostile bytes, here without the sandbox around it: nothing in them may run."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sandbox.evaluation.metrics import Unfit
from sandbox.evaluation.scoring import read_labels, read_predictions

LABELS = np.arange(200) % 10


def saved(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("a pickle ran",))


def header(shape: str, descr: str = "'<f8'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    ("predictions", "cause"),
    [
        (b"", "missing"),
        (b"not an array", "malformed"),
        (saved(LABELS)[:-9], "malformed"),
        (pickle.dumps(Bomb()), "malformed"),
        (saved(np.array([Bomb()] * 200, dtype=object)), "malformed"),
        (header("(1000000000000,)"), "malformed"),
        (header("(-1,)"), "malformed"),
        (header("__import__('os').getpid()"), "malformed"),
        (saved(LABELS.astype(complex)), "malformed"),
        (saved(LABELS[:-1]), "wrong_count"),
        (saved(np.zeros((0,))), "wrong_count"),
        (saved(np.float64(1)), "wrong_shape"),
        (saved(np.zeros((200, 2, 2, 2))), "wrong_shape"),
        (saved(np.where(LABELS == 3, np.nan, 1.0)), "nan"),
        (saved(np.full(200, np.inf)), "nan"),
    ],
)
def test_hostile_bytes_have_a_cause(tmp_path: Path, predictions: bytes, cause: str) -> None:
    (tmp_path / "predictions.npy").write_bytes(predictions)
    with pytest.raises(Unfit) as caught:
        read_predictions(tmp_path / "predictions.npy", 200)
    assert caught.value.cause == cause


@pytest.mark.parametrize("dtype", ["i4", "f4", "f8", "?", "u1", ">f8", "U3"])
def test_honest_arrays_are_read_as_they_are(tmp_path: Path, dtype: str) -> None:
    array = LABELS.astype(dtype)
    (tmp_path / "predictions.npy").write_bytes(saved(array))
    assert np.array_equal(read_predictions(tmp_path / "predictions.npy", 200), array)
    fortran = np.asfortranarray(np.ones((200, 3)))
    (tmp_path / "predictions.npy").write_bytes(saved(fortran))
    assert read_predictions(tmp_path / "predictions.npy", 200).shape == (200, 3)


def test_labels_come_from_either_format(tmp_path: Path) -> None:
    np.save(tmp_path / "labels.npy", LABELS)
    np.savez(tmp_path / "labels.npz", y=LABELS)
    assert np.array_equal(read_labels(tmp_path / "labels.npy"), read_labels(tmp_path / "labels.npz"))
