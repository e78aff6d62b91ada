from __future__ import annotations

import pytest

from tools.code.program.program import Program, find_targets

FLAT = '''\
"""Ridge regression on three columns."""
import os
os.environ["OMP_NUM_THREADS"] = "1"
import argparse
import numpy as np

# how much to shrink
ALPHA = 1.0

args = argparse.ArgumentParser().parse_args()
train = np.load("data/train.npz")


def scale(x):
    """Scale the columns."""
    return x / 2


weights = np.linalg.solve(scale(train["X"]).T @ train["X"] + ALPHA * np.eye(3), train["X"].T @ train["y"])
np.save("out/predictions.npy", np.load("data/inputs.npz")["X"] @ weights)
'''


def names(text: str) -> list[str]:
    return [address.partition("::")[2] for address in find_targets(Program({"a.py": text}, ("a.py",)))]


IN_MAIN = "import sklearn\n\ndef seed(n):\n    pass\n\ndef main():\n    open('x')\n    model.fit(1, 2)\n\nmain()\n"
OWN_FIT = "class Net:\n    def fit(self):\n        pass\n\ndef main():\n    open('x')\n    Net().fit()\n\nmain()\n"
READER = "class Model:\n    def load(self):\n        open('x')\n    def train(self):\n        pass\n"
LOADER = "import sys\n\nN = 3\n\ndef load(p):\n    return open(p)\n\ndef main():\n    load(sys.argv[1])\n\nmain()\n"
GUARD = "import x\n\nif __name__ == '__main__':\n    for a in range(3):\n        x.step(a)\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FLAT, ["scale", "top-level"]),
        ("import numpy as np\nx = np.load('a')\nnp.save('b', x + 1)\n", ["top-level"]),
        ("RATE = 1\nSTEPS = 2\n", ["top-level"]),
        (GUARD, ["top-level"]),
        (IN_MAIN, ["seed", "main"]),
        (OWN_FIT, ["Net"]),
        (READER, ["Model"]),
        (LOADER, ["load", "main", "top-level"]),
        ("def fit():\n    pass\n\ndef main():\n    fit()\n\nif __name__ == '__main__':\n    main()\n", ["fit"]),
        ("N = 1\n\ndef fit():\n    pass\n\nif __name__ == '__main__':\n    fit()\n", ["fit"]),
        ("# pelagos: fixed\ndef main():\n    open('x')\n", []),
        ("import numpy as np\n", []),
        ("RATE = 1  # pelagos: fixed\n", []),
    ],
)
def test_what_a_hypothesis_may_name(text: str, expected: list[str]) -> None:
    assert names(text) == expected


def test_the_code_is_shown_without_imports_and_definitions() -> None:
    program = Program({"a.py": FLAT}, ("a.py",))
    shown = program.source("a.py::top-level")
    assert "import" not in shown
    assert "def scale" not in shown
    assert shown.startswith('os.environ["OMP_NUM_THREADS"] = "1"')
    assert "\n\n# how much to shrink\nALPHA = 1.0\n" in shown
    assert shown.endswith('["X"] @ weights)')
    assert "Ridge regression" in find_targets(program)["a.py::top-level"]
