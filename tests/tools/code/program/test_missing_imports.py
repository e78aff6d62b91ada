from __future__ import annotations

import pytest

from tools.code.program.edits import apply
from tools.code.program.missing_imports import find_missing_imports
from tools.code.program.program import Program

BASE = Program(
    {"a.py": "from torch import nn\n\n\ndef f(x):\n    return x\n", "b.py": "import numpy as np\n"}, ("a.py", "b.py")
)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("def f(x):\n    return np.sin(x)", ["import numpy as np"]),
        ("def f(x):\n    return math.sin(F.relu(x))", ["import math", "import torch.nn.functional as F"]),
        ("def f(x):\n    return code + select(x)", []),
        ("from numpy import *\ndef f(x):\n    return np.sin(x)", []),
        ("def f(nn):\n    return nn(x)", []),
        ("def f(x):\n    return pd.Series(mystery(x))", []),
        ("import torch\ndef f(x):\n    copy = 1\n    return torch.ones(copy)", []),
        ("try:\n    f = lambda random: random\nexcept OSError as math:\n    print(math)", []),
    ],
)
def test_imports_are_added_only_where_there_is_no_doubt(text: str, lines: list[str]) -> None:
    with_nn = BASE.with_files({"a.py": f"from torch import nn\n{text}\n"})
    assert find_missing_imports(with_nn, "a.py") == lines


def test_a_reply_that_forgot_an_import_runs() -> None:
    new = apply(BASE, "```python\ndef f(x):\n    return np.tanh(x)\n```", "a.py::f")
    assert new.files["a.py"].startswith("from torch import nn\nimport numpy as np\n")


LIBRARY = Program(
    {
        "a.py": "import numpy as np\nimport torch\nfrom pathlib import Path\nfrom torch import nn\n\n\n"
        "def f(x):\n    return nn.ReLU()(torch.optim.Adam(x), Path.home(), np.sin(x), torch.sin(x))\n"
    },
    ("a.py",),
)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("ReLU()(x)", "from torch.nn import ReLU"),
        ("Adam(x)", "from torch.optim import Adam"),
        ("home(x)", ""),  # Path is a class, of which nothing can be imported
        ("sin(x)", ""),  # of numpy or of torch
        ("[ReLU]", ""),  # not called
        ("Mish(x)", ""),
    ],
)
def test_parts_of_modules_are_imported_as_the_program_used_them(body: str, line: str) -> None:
    new = apply(LIBRARY, f"```python\ndef f(x):\n    return {body}\n```", "a.py::f").files["a.py"]
    fresh = set(new.splitlines()) - set(LIBRARY.files["a.py"].splitlines())
    assert {added_line for added_line in fresh if added_line.startswith(("from", "import"))} == (
        {line} if line else set()
    )
