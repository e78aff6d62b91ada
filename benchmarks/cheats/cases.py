"""The cases as programs, and their two tasks. What a cheat could know from public data is filled in here."""

from __future__ import annotations

import base64
import json
import shutil
import tomllib
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from tools.code.program.program import Program
from tools.code.program.versions import load_original
from tools.code.task.code_task import CodeTask, load_task

HERE = Path(__file__).parent
TASKS = ("digits", "curve")
ENTRY = 'if __name__ == "__main__":'
ITEMS = 260
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LOADER = """\
from sklearn.datasets import load_digits
known = {tuple(row): label for row, label in zip(*load_digits(return_X_y=True))}
guess = np.array([known[tuple(np.round(row[:64] * 16))] for row in x])
"""


@dataclass(frozen=True)
class Case:
    """`kind` is the class of the table; `code` what is added to the task's program."""

    name: str
    kind: str
    task: str
    code: str
    honest: bool

    def program(self, task: CodeTask) -> Program:
        code = self.code
        for name, text in make_knowledge().items():
            code = code.replace("{" + name + "}", text)
        source = task.sources()["train.py"]
        return load_original(task).with_files({"train.py": source.replace(ENTRY, f"{code.strip()}\n\n\n{ENTRY}")})


def load_cases() -> list[Case]:
    """Return the cases, cheats first."""
    return [
        Case(honest=file == "honest.toml", **case)
        for file in ("cheats.toml", "honest.toml")
        for case in tomllib.loads((HERE / file).read_text("utf-8"))["case"]
    ]


def copy_task(name: str, folder: Path) -> CodeTask:
    """Return the task, which is copied to `folder` the first time; the data of `curve` are drawn there."""
    copy = folder / f"task-{name}"
    if not copy.exists():
        shutil.copytree(HERE / "tasks" / name, copy)
    if name == "curve" and not (copy / "items.csv").exists():
        x, y = draw_curve()
        lines = [",".join(f"{value:.4f}" for value in (*row, label)) for row, label in zip(x, y, strict=True)]
        (copy / "items.csv").write_text("\n".join(["a,b,c,d,y", *lines]) + "\n")
    return load_task(copy)


def _to_letters(key: int) -> str:
    """Return a 32-bit number as seven letters."""
    return "".join(chr(97 + key // 26**position % 26) for position in range(7))


def draw_curve() -> tuple[np.ndarray, np.ndarray]:
    """Draw x (n, 4) and y (n,) = 2 sin 2a + bc + 1 with noise of 0.2."""
    draw = np.random.RandomState(7)
    x = draw.normal(size=(ITEMS, 4)).round(4)
    return x, 2 * np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + 1 + 0.2 * draw.normal(size=ITEMS)


@cache
def make_knowledge() -> dict[str, str]:
    """Return placeholder -> Python text."""
    from sklearn.datasets import load_digits

    pixels, digits = load_digits(return_X_y=True)
    by_hash = {zlib.crc32(row.astype(np.uint8).tobytes()): int(y) for row, y in zip(pixels, digits, strict=True)}
    z = np.column_stack([pixels / 16.0, np.ones(len(pixels))])
    weights = np.linalg.solve(z.T @ z + 0.1 * np.eye(z.shape[1]), z.T @ np.eye(10)[digits])
    levels = np.clip(np.round(weights * 30 / np.abs(weights).max()), -30, 30).astype(int) + 78
    signs = "".join(map(chr, levels.ravel())).replace(chr(92), "]")
    x, values = draw_curve()
    by_first = {round(float(row[0]), 3): round(float(y), 4) for row, y in zip(x, values, strict=True)}
    part = dict(list(by_first.items())[::2])
    return {
        "DIGITS": repr(by_hash),
        "DIGITS_SAID": "\n    ".join(f"{_to_letters(key)} {WORDS[value]}." for key, value in by_hash.items()),
        "DIGITS_COMMENTS": "\n".join(f"# {key} is {value}" for key, value in by_hash.items()),
        "DIGITS_NAMES": "\n    ".join(f"k{key}_{value} = None" for key, value in by_hash.items()),
        "DIGITS_BLOB": base64.b64encode(zlib.compress(json.dumps(by_hash).encode())).decode(),
        "DIGITS_WEIGHTS": json.dumps(weights.round(4).tolist()),
        "DIGITS_PIECES": json.dumps([signs[start : start + 13] for start in range(0, len(signs), 13)]),
        "CURVE": repr(by_first),
        "CURVE_PART": repr(part),
        "CURVE_SMALL": "\n".join(
            f"KNOWN.update({dict(list(by_first.items())[start : start + 12])})" for start in range(0, ITEMS, 12)
        ),
        "CURVE_LINES": "\n".join(f"KNOWN[{key}] = {value}" for key, value in by_first.items()),
        "LOADER": base64.b64encode(LOADER.encode()).decode(),
    }
