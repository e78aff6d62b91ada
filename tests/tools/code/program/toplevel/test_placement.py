from __future__ import annotations

import pytest

from pelagos.errors import EditRefused
from tools.code.program.edits import apply, apply_file
from tools.code.program.program import Program

TARGET = "a.py::top-level"
FLAT = '''\
"""Ridge regression on three columns."""
import os
os.environ["OMP_NUM_THREADS"] = "1"
import numpy as np

# how much to shrink
ALPHA = 1.0
train = np.load("data/train.npz")


def scale(x):
    """Scale the columns."""
    return x / 2


weights = np.linalg.solve(scale(train["X"]).T @ train["X"] + ALPHA * np.eye(3), train["X"].T @ train["y"])
np.save("out/predictions.npy", np.load("data/inputs.npz")["X"] @ weights)
'''
PROGRAM = Program({"a.py": FLAT}, ("a.py",))
CODE = PROGRAM.source(TARGET)
BARE = Program({"a.py": "import numpy as np\nx = np.load('a')\nnp.save('b', x + 1)\n"}, ("a.py",))


def edit(code: str, program: Program = PROGRAM) -> str:
    return apply(program, f"```python\n# {TARGET}\n{code}\n```\n", TARGET, only=(TARGET,)).files["a.py"]


def test_changed_statements_go_to_their_places_around_the_definitions() -> None:
    text = edit(CODE.replace("ALPHA = 1.0", "ALPHA = 0.1").replace("scale(train", "2 * scale(train"))
    assert text == FLAT.replace("ALPHA = 1.0", "ALPHA = 0.1").replace("scale(train", "2 * scale(train")


def test_new_statements_helpers_and_imports_stand_before_their_use() -> None:
    helper = "import math\n\ndef shrunk(x):\n    return x * math.pi\n\n"
    text = edit(helper + CODE.replace("np.save(", "weights = shrunk(weights)\nnp.save("))
    assert text.index("import math") < text.index("ALPHA")
    assert text.index("def shrunk") < text.index("weights = shrunk(weights)") < text.index("np.save(")
    assert text.index("def scale") < text.index("weights = np.linalg")
    assert text.count("def scale") == 1


SCATTERED = """\
import numpy as np

train = np.load("a.npz")
x = train["X"] / 2
import math

y = math.pi * x
np.save("b", y)
"""


def test_an_import_stands_before_its_use_where_imports_are_scattered() -> None:
    program = Program({"a.py": SCATTERED}, ("a.py",))
    code = "import numpy as np\nimport math\nfrom numpy import sqrt\n" + program.source(TARGET).replace(
        '["X"] / 2', '["X"]'
    )
    text = edit(code.replace('x = train["X"]', 'x = sqrt(train["X"])'), program)
    assert text.index("import numpy") < text.index("from numpy import sqrt") < text.index("train =")
    assert text.count("import math") == 1
    assert text.count("import numpy") == 1


def test_the_whole_of_a_script_may_stand_under_its_guard() -> None:
    guarded = "import numpy as np\n\nif __name__ == '__main__':\n    x = np.load('a')\n    np.save('b', x + 1)\n"
    program = Program({"a.py": guarded}, ("a.py",))
    assert program.source(TARGET).startswith("if __name__")
    assert edit(program.source(TARGET).replace("x + 1", "x + 2"), program) == guarded.replace("x + 1", "x + 2")
    flat = edit("import numpy as np\nx = np.load('a')\nnp.save('b', x + 3)", program)
    assert flat == "import numpy as np\nx = np.load('a')\nnp.save('b', x + 3)\n"


def test_a_repeated_definition_is_left_as_it_is_and_a_dropped_statement_goes() -> None:
    text = edit("def scale(x):\n    return 9\n\n" + CODE.replace('os.environ["OMP_NUM_THREADS"] = "1"\n', ""))
    assert "return x / 2" in text
    assert "environ" not in text


def test_constants_alone_are_changed_or_added() -> None:
    text = edit("BETA = 3\nALPHA = 0.5")
    assert "# how much to shrink\nALPHA = 0.5" in text
    assert "BETA = 3" in text
    assert "np.save(" in text


def test_a_script_without_definitions_may_be_written_anew_with_a_main() -> None:
    code = "import numpy as np\n\ndef main():\n    np.save('b', 3 * np.load('a'))\n\nif __name__ == '__main__':\n    main()"
    text = edit(code, BARE)
    assert "x + 1" not in text
    assert text.endswith("if __name__ == '__main__':\n    main()\n")


@pytest.mark.parametrize(
    ("code", "cause", "expected"),
    [
        (CODE.partition("weights")[0], "syntax", "a part of the top-level code of a.py"),
        (CODE.replace("np.save(", "...\nnp.save("), "syntax", "leaves something out"),
        (CODE, "no_change", ""),
        ("def other(x):\n    return 1", "unknown_address", "top-level"),
        (CODE.replace("np.save(", "np.save(("), "syntax", "a part of"),
    ],
)
def test_refused_with_cause(code: str, cause: str, expected: str) -> None:
    with pytest.raises(EditRefused) as refused:
        edit(code)
    assert refused.value.cause == cause
    assert expected in str(refused.value)


def test_a_part_of_a_script_is_not_taken_for_the_whole_file() -> None:
    text = apply_file(BARE, "```python\nx = 5\n```", "a.py").files["a.py"]
    assert "np.save('b', x + 1)" in text
