from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pelagos.errors import EditRefused
from tools.code.program.edits import apply, apply_file
from tools.code.program.program import Program, find_targets, iterate_definitions

MODEL = '''\
"""A model."""

import torch
from torch import nn

# how wide
HIDDEN = 64


class Net(nn.Module):
    """A net."""

    def __init__(self):
        super().__init__()
        self.one = nn.Linear(2, HIDDEN)  # first

    def forward(self, x):
        """x: (n, 2)."""
        return self.one(x)


@torch.no_grad()
def predict(model, x):
    return model(x)


# the loss
def loss(a, b):
    """Squared."""
    return ((a - b) ** 2).mean()


if __name__ == "__main__":
    print(Net())
'''
FIXED = "LIMIT = 1\n"
PROGRAM = Program({"model.py": MODEL, "pkg/fixed.py": FIXED}, ("model.py",))
ADDRESSES = ["model.py::Net", "model.py::Net.forward", "model.py::predict", "model.py::loss"]


def edit(reply: str, target: str = "model.py::loss", only: bool = True) -> str:
    return apply(PROGRAM, reply, target, only=(target,) if only else None).files["model.py"]


def fence(code: str, label: str = "") -> str:
    return f"{label}\n```python\n{code}\n```\n"


def test_definition_with_helper_import_and_constant() -> None:
    text = edit(
        fence(
            "import math\n\nHIDDEN = 32\nDELTA = 2\n\n"
            "def huber(a):\n    return DELTA * a * math.pi\n\ndef loss(a, b):\n    return huber(a - b).mean()"
        )
    )
    tree = ast.parse(text)
    assert [name for name, _ in iterate_definitions(tree) if "." not in name] == ["Net", "predict", "huber", "loss"]
    assert "import math" in text
    assert "HIDDEN = 32" in text
    assert "DELTA = 2" in text
    assert text.count("HIDDEN =") == 1
    assert "# how wide\nHIDDEN = 32" in text
    assert "# the loss\ndef loss" in text
    assert text.index("DELTA = 2") < text.index("def loss")


def test_only_target_ignores_repeated_definitions_unless_addressed() -> None:
    code = "def predict(model, x):\n    return 0\n\ndef loss(a, b):\n    return 0"
    assert "return model(x)" in edit(fence(code))
    assert "return model(x)" not in edit(fence(code), only=False)
    two = fence("def loss(a, b):\n    return 0") + fence(
        "def predict(model, x):\n    return 0", "**model.py::predict**"
    )
    assert edit(two).count("return 0") == 2


@pytest.mark.parametrize(
    "code",
    [
        "def forward(self, x):\n    return 2 * x",
        "class Net(nn.Module):\n    def forward(self, x):\n        return 2 * x",
    ],
)
def test_a_method_is_spliced_and_the_others_stay(code: str) -> None:
    text = edit(fence(code), "model.py::Net.forward")
    assert "return 2 * x" in text
    assert "self.one = nn.Linear(2, HIDDEN)  # first" in text


def test_a_new_method_joins_its_class() -> None:
    code = "class Net(nn.Module):\n    def forward(self, x):\n        return self.twice(x)\n\n"
    code += "    def twice(self, x):\n        return 2 * x"
    text = edit(fence(code), "model.py::Net.forward")
    assert "    def twice(self, x):" in text
    assert "# first" in text


def test_search_and_replace() -> None:
    reply = "model.py\n<<<<<<< SEARCH\n    return ((a - b) ** 2).mean()   \n=======\n"
    reply += "    return (a - b).abs().mean()\n>>>>>>> REPLACE\n"
    assert "abs().mean()" in edit(reply)


def test_whole_file_and_a_snippet_in_its_place() -> None:
    whole = apply_file(PROGRAM, fence(MODEL.replace("64", "65")), "model.py").files["model.py"]
    assert whole.strip() == MODEL.replace("64", "65").strip()
    part = apply_file(PROGRAM, fence("def loss(a, b):\n    return 0"), "model.py").files["model.py"]
    assert "class Net" in part
    assert "__main__" in part


def test_nearly_the_targets_name_is_taken_for_it_where_it_is_called_alike() -> None:
    changed = apply(PROGRAM, fence("def loss_v2(a, b, c=1):\n    return c"), "model.py::loss", only=("model.py::loss",))
    assert "def loss(a, b, c=1):" in changed.files["model.py"]
    assert "loss_v2" not in changed.files["model.py"]


@pytest.mark.parametrize(
    ("reply", "cause", "expected"),
    [
        ("No idea.", "no_edit", "no Python code"),
        ("", "no_edit", "no Python code"),
        ("x" * 100_000, "no_edit", "no Python code"),
        (fence("def loss(a, b):\n    return ("), "syntax", "line 2"),
        (fence("def loss(a, b):\n    ...\n  return 1"), "syntax", "line 3"),
        (fence("LIMIT = 2", "pkg/fixed.py"), "not_editable", "pkg/fixed.py"),
        (fence("def loss(a, b):\n    return 1", "modle.py::loss"), "unknown_address", "model.py"),
        (fence("x = 1", "model.py::losss"), "unknown_address", "'loss'"),
        (fence("def losses(a):\n    return 1"), "unknown_address", "'loss'"),
        (fence("import os"), "unknown_address", "model.py::loss"),
        (
            "model.py\n<<<<<<< SEARCH\nreturn nothing\n=======\nreturn 1\n>>>>>>> REPLACE\n",
            "unknown_address",
            "nowhere",
        ),
        (fence('def loss(a, b):\n    """Other."""\n    # comment\n    return ((a - b)**2).mean()'), "no_change", ""),
    ],
)
def test_refused_with_cause(reply: str, cause: str, expected: str) -> None:
    with pytest.raises(EditRefused) as refused:
        edit(reply)
    assert refused.value.cause == cause
    assert expected in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    "reply",
    [
        "def loss(a, b):\n    return 1",
        "Here:\n\ndef loss(a, b):\n    return 1\n\nThat is it.",
        "```py\ndef loss(a, b):\n    return 1",
    ],
)
def test_fences_are_optional(reply: str) -> None:
    assert "return 1" in edit(reply)


@given(st.sampled_from(ADDRESSES), st.sampled_from(["return 41", "x = 1\n    return x", "return [\n        1,\n    ]"]))
def test_splice_leaves_every_other_definition_byte_for_byte(address: str, body: str) -> None:
    name = address.partition("::")[2]
    head = (
        "class Net:\n    def forward(self, x):\n        return 3"
        if name == "Net"
        else f"def {name.split('.')[-1]}(self, x):\n    {body}"
    )
    new = apply(PROGRAM, fence(head), address, only=(address,))
    for other in ADDRESSES:
        if other != address and not other.startswith(f"{address}.") and not address.startswith(f"{other}."):
            assert new.source(other) == PROGRAM.source(other)
    assert new.files["pkg/fixed.py"] == FIXED
    assert new.files["model.py"].startswith(MODEL[: MODEL.index("class Net")])


@given(st.sampled_from(ADDRESSES))
def test_splicing_an_unchanged_definition_is_no_change(address: str) -> None:
    lines = PROGRAM.source(address).splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip())
    with pytest.raises(EditRefused) as refused:
        apply(PROGRAM, fence("\n".join(line[indent:] for line in lines)), address, only=(address,))
    assert refused.value.cause == "no_change"


FRAGMENTS = [
    "```python\n", "```\n", "def loss(a, b):\n    return 1\n", "def loss(a, b):\n    return a[0](\n", "model.py::loss\n",
    "def predict(model, x):\n    return 0\n", "class Net:\n", "    def forward(self, x): ...\n", "import math\n", "HIDDEN = 3\n",
    "<<<<<<< SEARCH\n", "=======\n", ">>>>>>> REPLACE\n", "# how wide\n", "HIDDEN = 64\n", "    ", "\\", "'''", "@", "model.py\n",
    "pkg/fixed.py\n", "\x00", "\ufeff", "async ", "lambda: (\n",
]  # fmt: skip


PARTS = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=20), max_size=9).map("".join)
GOOD = "\n\ndef loss(a, b):\n    return 1\n\n"


def test_no_reply_breaks_it() -> None:
    """Whatever parts a reply is made of, it is refused, or gives a program that parses and keeps what is fixed."""
    taken = 0

    @given(PARTS | st.tuples(PARTS, PARTS).map(GOOD.join))  # some of them hold what was asked for
    def check(reply: str) -> None:
        nonlocal taken
        for text in (reply, f"```python\n{reply}\n```"):
            try:
                new = apply(PROGRAM, text, "model.py::loss", only=("model.py::loss",))
            except EditRefused:
                continue
            taken += 1
            ast.parse(new.files["model.py"])
            assert new.differs(PROGRAM)
            assert new.files["pkg/fixed.py"] == FIXED

    check()
    assert taken > 20


def test_targets_are_editable_and_no_entry_points() -> None:
    text = (
        MODEL
        + "\n\ndef main():\n    pass\n\n\n# pelagos: fixed\ndef score(a):\n    return a\n"
        + "\n\ndef load(p):\n    return torch.load(p)\n"
    )
    assert list(find_targets(PROGRAM.with_files({"model.py": text}))) == [
        "model.py::Net",
        "model.py::predict",
        "model.py::loss",
    ]


@pytest.mark.parametrize(
    "reply",
    [
        'def predict(x):\n    """Runs."""\n\ndef loss(a, b):\n    return abs(a - b)',
        "def loss(a, b):\n    return abs(a - b)\n\nclass Net:\n    def forward(self, x): ...",
        "def predict(x): pass\n\ndef loss(a, b):\n    return abs(a - b)\n\ndef fresh(): ...",
    ],
)
def test_signatures_that_a_reply_repeats_replace_nothing(reply: str) -> None:
    new = apply(PROGRAM, fence(reply), "model.py::loss")
    assert "return abs(a - b)" in new.source("model.py::loss")
    for address in ("model.py::Net", "model.py::predict"):
        assert new.source(address) == PROGRAM.source(address)


def test_methods_beside_repeated_signatures_are_taken() -> None:
    old = Program(
        {"m.py": "class A:\n    def f(self):\n        return 1\n\n    def g(self):\n        return 2\n"}, ("m.py",)
    )
    new = apply(old, fence("class A:\n    def f(self): ...\n    def g(self):\n        return 3\n"), "m.py::A")
    assert new.source("m.py::A.f") == old.source("m.py::A.f")
    assert "return 3" in new.source("m.py::A.g")


def test_what_the_change_had_touched_may_be_corrected_too() -> None:
    reply = fence("def predict(x):\n    return 7\n\ndef loss(a, b):\n    return abs(a - b)")
    new = apply(PROGRAM, reply, "model.py::loss", only=("model.py::loss", "model.py::predict"))
    assert "return 7" in new.source("model.py::predict")
    unchanged = apply(PROGRAM, reply, "model.py::loss", only=("model.py::loss",))
    assert unchanged.source("model.py::predict") == PROGRAM.source("model.py::predict")


def test_a_class_keeps_what_is_new_beside_repeated_signatures() -> None:
    old = Program({"m.py": "class A:\n    def f(self):\n        return 1\n"}, ("m.py",))
    reply = "class A(Base):\n    WIDTH = 2\n\n    def f(self): ...\n\n    def hook(self):\n        pass\n"
    new = apply(old, fence(reply), "m.py::A").source("m.py::A")
    assert "class A(Base):" in new
    assert "WIDTH = 2" in new
    assert "return 1" in new
    assert "def hook(self):" in new


@pytest.mark.parametrize(
    "reply",
    [
        "Do it like this:\n\n    def loss(a, b):\n        return 1\n\nThat is all.",
        "```python\n    def loss(a, b):\n        return 1\n```",
        ">>> def loss(a, b):\n...     return 1\n",
        "```python\ndef loss(a, b):\n    return 1\n\nThis isn't the whole story:\n```",
        "```python\ndef loss(a, b):\n    return 1\n\ndef main():\n    print(loss(1,",
        "```python\ndef loss(a, b):\n    return 1\n```\nUse it so:\n```python\nx = loss(1, 2\n```",
        "```python\ndef loss(a, b):\n    return 1\n\ndef loss(a, b): ...\n```",
        "```diff\n-def loss(a, b):\n-    return ((a - b) ** 2).mean()\n+def loss(a, b):\n+    return 1\n```",
        "```python\ndef loss(a, b):\n\u00a0\u00a0\u00a0\u00a0return 1\n```",
    ],
)
def test_what_stands_around_a_definition_does_no_harm(reply: str) -> None:
    new = apply(PROGRAM, reply, "model.py::loss", only=("model.py::loss",))
    assert new.source("model.py::loss").replace("\u00a0", " ") == "def loss(a, b):\n    return 1"


@pytest.mark.parametrize(
    "reply",
    [
        "```python\ndef loss(a, b):\n    return half(a)\n```\n```python\ndef half(a):\n    return (\n```",
        "```python\ndef loss(a, b):\n    c = a - b\n    ...\n    return c\n```",
        "def loss(a, b):\n    c = a - b\n    return (c *",
        "```python\ndef loss(a, b):\n    c = a - b\n",
    ],
)
def test_half_a_definition_is_not_taken(reply: str) -> None:
    with pytest.raises(EditRefused) as refused:
        edit(reply)
    assert refused.value.cause == "syntax"


@pytest.mark.parametrize(
    "code",
    [
        "    c = a - b\n    d = c.mean()",
        " \n     c = a - b\n-    return c\n+    d = c.mean()",
        "c = a - b",
    ],
)
def test_lines_of_a_body_are_no_constants_of_the_file(code: str) -> None:
    with pytest.raises(EditRefused):
        edit(fence(code))


def test_a_constant_of_the_file_may_be_all_there_is() -> None:
    assert "HIDDEN = 32" in edit(fence("HIDDEN = 32"))
    assert "HIDDEN = 32" in edit("HIDDEN = 32\n\nThat's all.")


def test_of_two_blocks_meant_to_change_the_program_none_is_left_out() -> None:
    reply = fence("def loss(a, b):\n    return 1") + fence("def predict(model, x):\n    return (")
    assert "return 1" in edit(reply)
    with pytest.raises(EditRefused):
        edit(reply, only=False)


def test_a_helper_in_a_block_of_its_own_is_taken() -> None:
    helper, target = fence("def half(a):\n    return a / 2"), fence("def loss(a, b):\n    return half(a)")
    for reply in (f"First:\n{helper}Then:\n{target}", f"{target}It uses:\n{helper}"):
        new = apply(PROGRAM, reply, "model.py::loss", only=("model.py::loss",))
        assert new.source("model.py::loss") == "def loss(a, b):\n    return half(a)"
        assert new.source("model.py::half") == "def half(a):\n    return a / 2"


def test_an_example_of_use_is_no_part_of_the_file() -> None:
    code = "SCALE = WIDTH * 2\nWIDTH = 3\n\n\ndef loss(a, b):\n    return SCALE\n\n\nnet = Net()\nprint(loss(net, 1))"
    text = edit(fence(code))
    assert "net = Net()" not in text
    assert "print(loss" not in text
    assert "SCALE = WIDTH * 2" in text
    assert "WIDTH = 3" in text


def test_a_whole_file_that_was_cut_off_is_not_taken_in_part() -> None:
    with pytest.raises(EditRefused) as refused:
        apply_file(PROGRAM, "```python\n" + MODEL[: MODEL.index(" ** 2")], "model.py")
    assert refused.value.cause == "syntax"
    noted = apply_file(PROGRAM, fence(f"It's this:\n{MODEL.replace('64', '65')}"), "model.py")
    assert "HIDDEN = 65" in noted.files["model.py"] and "It's" not in noted.files["model.py"]


@given(st.integers(1, 80), st.sampled_from(["", "```python\n"]))
def test_a_reply_cut_anywhere_gives_the_whole_definition_or_none(end: int, head: str) -> None:
    code = "def loss(a, b):\n    c = a - b\n    if c.sum() > 0:\n        return c.mean()\n    return abs(c)\n"
    try:
        new = apply(PROGRAM, head + code[:end], "model.py::loss", only=("model.py::loss",))
    except EditRefused:
        return
    last = ast.parse(new.source("model.py::loss")).body[0]
    assert isinstance(last, ast.FunctionDef)
    assert isinstance(last.body[-1], ast.Return)
    assert len(last.body) == 3
