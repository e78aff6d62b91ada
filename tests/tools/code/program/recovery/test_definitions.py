from __future__ import annotations

import pytest

from pelagos.errors import EditRefused
from tools.code.program.edits import apply
from tools.code.program.program import Program

TEXT = '''\
HIDDEN = 64


class Net:
    """A net."""

    def __init__(self, width=HIDDEN):
        self.width = width

    def forward(self, x):
        return x


def make_model():
    """The network."""
    return Net()


def augment(x):
    return x


def fit(model, x, rate=0.1):
    model(augment(x))
    return model
'''
PROGRAM = Program({"train.py": TEXT}, ("train.py",))


def apply_reply(code: str, name: str) -> str:
    address = f"train.py::{name}"
    new = apply(PROGRAM, f"```python\n{code}\n```", address, only=(address,))
    for other in PROGRAM.definitions:
        if other != address and not other.startswith(f"{address}.") and not address.startswith(f"{other}."):
            assert new.source(other) == PROGRAM.source(other)
    return new.source(address)


def refusal(code: str, name: str) -> str:
    with pytest.raises(EditRefused) as raised:
        apply_reply(code, name)
    return raised.value.cause


def test_another_name_is_taken_beside_a_helper() -> None:
    code = "class Wide(Net):\n    pass\n\n\ndef create_model():\n    return Wide()"
    assert apply_reply(code, "make_model") == "def make_model():\n    return Wide()"


def test_two_functions_of_another_name_leave_a_doubt() -> None:
    code = "def shifted(x):\n    return x + 1\n\n\ndef scaled(x):\n    return 2 * x"
    assert refusal(code, "augment") == "unknown_address"


@pytest.mark.parametrize(
    "code",
    [
        "def shifted(x):\n    return x + 1\n\n\ndef fit(model, x, rate=0.1):\n    return model(shifted(x))",
        "def run():\n    return augment(1)",
        "def shifted(x, by):\n    return x + by",
        "def test_augment(x):\n    assert x",
        "def power(x):\n    return x and power(x - 1)",
    ],
)
def test_helpers_callers_and_others_are_not_the_target(code: str) -> None:
    assert refusal(code, "augment") == "unknown_address"


@pytest.mark.parametrize("name", ["build_the_model", "make_network", "create_network", "run"])
def test_without_arguments_a_word_of_the_name_must_be_the_same(name: str) -> None:
    code = f"def {name}():\n    return Net(1)"
    if "model" in name:
        assert apply_reply(code, "make_model").startswith("def make_model():")
    else:
        assert refusal(code, "make_model") == "unknown_address"


def test_bare_methods_join_the_class_that_was_asked_for() -> None:
    text = apply_reply("def forward(self, x):\n    return 2 * x", "Net")
    assert "    def forward(self, x):\n        return 2 * x" in text
    assert "self.width = width" in text


def test_a_bare_function_without_self_is_no_method_of_a_class() -> None:
    assert refusal("def forward(x):\n    return 2 * x", "Net") == "unknown_address"


@pytest.mark.parametrize(
    ("code", "name", "head"),
    [
        ("def augment(self, x):\n    return x + 1", "augment", "def augment(x):"),
        ("def augment(self, x):\n    return self.by + x", "augment", "def augment(self, x):"),
        ("def forward(x):\n    return 2 * x", "Net.forward", "def forward(self, x):"),
        ("@staticmethod\ndef forward(x):\n    return 2 * x", "Net.forward", "def forward(x):"),
        ("async def augment(x):\n    return x + 1", "augment", "def augment(x):"),
        ("async def augment(x):\n    return await x", "augment", "async def augment(x):"),
        ("def fit(model, x, rate):\n    return model(x)", "fit", "def fit(model, x, rate=0.1):"),
        ("def fit(model, x, rate: float):\n    return model(x)", "fit", "def fit(model, x, rate: float = 0.1):"),
        ("def make_model(hidden):\n    return Net(hidden)", "make_model", "def make_model(hidden=HIDDEN):"),
        ("def make_model(depth):\n    return Net(depth)", "make_model", "def make_model(depth):"),
        ("def fit(model, rate, x):\n    return model(x)", "fit", "def fit(model, rate, x):"),
    ],
)
def test_signatures_fit_their_callers_where_there_is_no_doubt(code: str, name: str, head: str) -> None:
    assert head in apply_reply(code, name).replace("    def", "def")
