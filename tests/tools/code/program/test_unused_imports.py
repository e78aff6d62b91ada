from __future__ import annotations

import pytest

from pelagos.errors import EditRefused
from tools.code.program.edits import apply
from tools.code.program.program import Program
from tools.code.program.unused_imports import remove_unused_imports

BASE = "from torch import nn\nimport os\n\n\ndef f(x):\n    return nn.ReLU()(x)\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("from torchvision import datasets, transforms", ""),
        ("import torchvision.transforms as T", ""),
        ("from torch.nn import (ReLU, nn,)", "from torch.nn import (nn)\n"),
        ("import a.b, x.c", "import x.c\n"),
        ("import a, nn; import b", "import nn\n"),
        ("from m import *", "from m import *\n"),
        ("from .other import g as x", "from .other import g as x\n"),
        ("import os", "import os\n"),  # the old file has it
        ("print('not an import')", "print('not an import')\n"),
    ],
)
def test_only_new_imports_that_nothing_reads_go(line: str, expected: str) -> None:
    assert remove_unused_imports(f"{line}\n{BASE}", BASE) == f"{expected}{BASE}"


def test_what_stands_there_stays_byte_for_byte() -> None:
    assert remove_unused_imports(BASE, BASE) == BASE


def test_future_imports_stay() -> None:
    assert remove_unused_imports(f"from __future__ import annotations\n{BASE}", BASE).startswith("from __future__")


def test_a_reply_with_the_imports_of_habit_runs() -> None:
    program = Program({"a.py": BASE}, ("a.py",))
    reply = "```python\nfrom torchvision import datasets\nfrom torch.nn import GELU\n```\nand\n"
    reply += "```python\ndef f(x):\n    return GELU()(x)\n```"
    text = apply(program, reply, "a.py::f").files["a.py"]
    assert "torchvision" not in text and "from torch.nn import GELU\n" in text


def test_an_import_alone_is_no_change() -> None:
    program = Program({"a.py": BASE}, ("a.py",))
    reply = "```python\nfrom torchvision import datasets\n\ndef f(x):\n    return nn.ReLU()(x)\n```"
    with pytest.raises(EditRefused, match="don't count as a change"):
        apply(program, reply, "a.py::f")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("import torch.nn as nn", False),
        ("from torch import nn as nn", False),
        ("from torch.nn import functional as F", False),
        ("import torch.nn.functional as nn", True),
        ("from torch import optim as nn", True),
        ("import torch", True),
    ],
)
def test_what_the_file_imports_already_is_left_out(line: str, expected: bool) -> None:
    old = "from torch import nn\nimport torch.nn.functional as F\n\nprint(nn, F, torch)\n"
    assert remove_unused_imports(f"{line}\n{old}", old) == (f"{line}\n{old}" if expected else old)
