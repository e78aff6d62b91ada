"""Modules are imported in a sandboxed child: what goes wrong or happens besides is named with what to mend."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sandbox.protocol import Sandbox
from tools.functions import trial
from tools.functions.packs import keep_usable, load_functions
from tools.functions.trial import try_imports

SOUND = '''
import logging

import numpy as np


def double(values: np.ndarray) -> np.ndarray:
    """Twice the values: float array (n,)."""
    return 2 * values
'''
MODULES = {
    "sound": SOUND,
    "prints": "print('here I am')" + SOUND,
    "writes": "open('/tmp/marks.txt', 'w').write('x')" + SOUND,
    "asks": "import socket\ntry:\n    socket.create_connection(('localhost', 9))\nexcept OSError:\n    pass" + SOUND,
    "starts": "import os\nos.system('true')" + SOUND,
    "lacks": "import no_such_library" + SOUND,
    "divides": "ONE = 1\nTWO = ONE / 0" + SOUND,
    "leaves": "import sys\nsys.exit(0)" + SOUND,
    "dies": "import os\nos._exit(3)" + SOUND,
    "waits": "import time\ntime.sleep(60)" + SOUND,
    "relative": "from pelagos_tools.mine.sound import double as twice" + SOUND,
}
EXPECTED = {
    "sound": [],
    "relative": [],
    "prints": ["prints.py:1: prints when it is imported; move that into a function"],
    "writes": ["writes.py:1: writes the file '/tmp/marks.txt' when it is imported; move that into a function"],
    "asks": ["asks.py:3: asks the network when it is imported; move that into a function"],
    "starts": ["starts.py:2: starts a program when it is imported; move that into a function"],
    "lacks": [
        "can't be imported: No module named 'no_such_library'; install it in Pelagos' environment, or mend the name"
    ],
    "divides": ["can't be imported: divides.py:2: ZeroDivisionError: division by zero; mend it"],
    "leaves": ["its import ends the program; move that into a function"],
    "dies": ["its import ends the process (exit code 3); move that into a function"],
    "waits": ["its import isn't done after 3 s; move that into a function"],
}


def test_each_fault_is_named_with_the_mending_and_the_others_can_be_used(
    tmp_path: Path, jail: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "SECONDS_PER_MODULE", 3.0)
    for name, text in MODULES.items():
        (tmp_path / "mine").mkdir(exist_ok=True)
        (tmp_path / "mine" / f"{name}.py").write_text(text)
    packs = load_functions([], [tmp_path / "mine"])
    findings = try_imports(packs, jail)
    assert {module.rpartition(".")[2]: lines for module, lines in findings.items()} == EXPECTED
    usable = {function.module.rpartition(".")[2] for function in keep_usable(packs, findings)}
    assert usable == {"sound", "relative"}
    assert "pelagos_tools" not in sys.modules


def test_packages_that_come_with_a_task_can_be_imported(tmp_path: Path, jail: Sandbox) -> None:
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "no_such_library.py").write_text("THREE = 3\n")
    (tmp_path / "mine.py").write_text(MODULES["lacks"])
    packs = load_functions([], [tmp_path / "mine.py"])
    assert try_imports(packs, jail, {"_packages": tmp_path / "packages"}) == {"pelagos_tools.mine": []}


def test_without_a_module_nothing_is_run(jail: Sandbox) -> None:
    assert try_imports(load_functions([]), jail) == {}
