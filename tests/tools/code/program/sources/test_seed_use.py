"""Tests that a seed option that a program never reads is found in its source; in doubt nothing is reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.code.conftest import TASK, make_task
from tools import registry
from tools.code.program.sources.seed_use import find_ignored_seed
from tools.code.task.code_task import load_task

ENTRY = ["--data", "{data}", "--out", "{out}", "--seed", "{seed}"]
PARSED = "import argparse\np = argparse.ArgumentParser()\np.add_argument('--seed', type=int, dest='seed')\nargs = p.parse_args()\n"


@pytest.mark.parametrize(
    "use",
    [
        "",
        "import numpy as np\nnp.random.seed(0)\n",
        "import random\nrandom.seed(1234)\n",
        "seed = 7\n",
        "def train(seed):\n    return 1\n",
    ],
)
def test_a_seed_that_is_never_read(use: str) -> None:
    assert find_ignored_seed(ENTRY, [PARSED + use]) == "--seed"
    assert find_ignored_seed([*ENTRY[:4], "--seed={seed}"], [PARSED + use]) == "--seed"


@pytest.mark.parametrize(
    "use",
    [
        "import numpy as np\nnp.random.seed(args.seed)\n",
        "run(**vars(args))\n",
        "print(args.__dict__)\n",
        "def train(seed):\n    return seed + 1\n",
        "config['seed']\n",
        "getattr(args, 'seed')\n",
        "import sys\nprint(sys.argv)\n",
    ],
)
def test_in_doubt_it_is_read(use: str) -> None:
    assert find_ignored_seed(ENTRY, [PARSED + use]) == ""
    assert find_ignored_seed(ENTRY, [PARSED, use]) == ""


@pytest.mark.parametrize("entry", [["{data}", "{out}", "{seed}"], ["seed={seed}", "{data}", "{out}"]])
def test_a_seed_without_an_option_is_not_followed(entry: list[str]) -> None:
    assert find_ignored_seed(entry, [""]) == ""


def test_an_option_of_two_words() -> None:
    entry = [word.replace("--seed", "--random-seed") for word in ENTRY]
    assert find_ignored_seed(entry, ["args.random_seed"]) == ""
    assert find_ignored_seed(entry, ["args.seed"]) == "--random-seed"


def test_a_task_says_it(tmp_path: Path) -> None:
    assert "given --seed and never reads it" in make_task(tmp_path / "lines").notes[0]
    assert "{seed}" in TASK


def test_the_line_may_stand_in_a_shell_or_behind_a_runner(tmp_path: Path) -> None:
    plain = "python fit.py --data {data} --out {out} --seed {seed}"
    assert plain in TASK
    for number, entry in enumerate((f"uv run {plain}", f"'bash -c \"{plain}\"'", f"MODE=fast {plain}")):
        folder = make_task(tmp_path / str(number)).folder
        (folder / "task.yaml").write_text(TASK.replace(plain, entry))
        assert "never reads it" in load_task(folder).notes[0], entry


@pytest.mark.parametrize("name", ["diabetes", "digits", "mnist1d"])
def test_shipped_tasks_read_their_seed(name: str) -> None:
    assert load_task(registry.shipped_tasks()[name]).notes == ()
