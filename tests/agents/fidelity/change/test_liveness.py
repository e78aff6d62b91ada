from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.fidelity.change.fragments import parse_fragment
from agents.fidelity.change.hunks import parse_hunks
from agents.fidelity.change.reading import read_change

HEADER = "--- a/p.py\n+++ b/p.py\n@@ -1,3 +1,9 @@\n"


def added(*lines: str) -> str:
    return HEADER + "".join(f"+{line}\n" for line in lines)


@pytest.mark.parametrize(
    ("lines", "dead"),
    [
        (["ema = model.state_dict()", "ema[k] = 0.9 * ema[k] + p"], {"ema"}),
        (["ema = model.state_dict()", "model.load_state_dict(ema)"], set()),
        (["seen = []", "seen.append(loss)", "print(seen)"], {"seen"}),
        (["best = 1", "if loss < best:", "    best = loss", "if best < 3:", "    stop()"], set()),
        (["def helper(x):", "    half = x / 2", "    return half"], {"helper", "half"}),
        (["def helper(x):", "    return x / 2", "y = helper(y)"], set()),
        (["x = augment(x)"], set()),  # x was there before
        (["copies = [p.clone() for p in ps]", "for c, p in zip(copies, ps):", "    c.add_(p)"], {"copies"}),
        (["copies = [p.clone() for p in ps]", "for c, p in zip(copies, ps):", "    p.copy_(c)"], set()),
        (["self.drop = nn.Dropout(0.2)"], {"drop"}),
        (["self.drop = nn.Dropout(0.2)", "return self.drop(x)"], set()),
    ],
)
def test_what_nothing_with_an_effect_reads_is_dead(lines: list[str], dead: set[str]) -> None:
    reading = read_change(added(*lines))
    assert set(reading.dead) == dead
    assert bool(reading.effective) == (not dead)


def test_what_surrounds_a_change_keeps_its_names_alive() -> None:
    diff = HEADER + "-rate = 0.1\n+rate = 0.2\n step(rate)\n"
    assert read_change(diff).dead == ()
    assert read_change(diff).constants == ("rate 0.1 -> 0.2",)


def test_a_piece_that_begins_and_ends_inside_blocks_is_read() -> None:
    lines = ["        x = f(x)", "    else:", "        x = g(x)", "    return x", "", "def h(y):"]
    assert [type(node).__name__ for node in parse_fragment(lines)] == ["Assign", "Assign", "Return", "FunctionDef"]
    assert parse_fragment(["    a, b)", "y = 1"])[0].lineno == 2
    assert parse_fragment(["no program at all !"]) == []


def test_removed_lines_that_look_like_headers() -> None:
    (hunk,) = parse_hunks(HEADER + "--- a comment\n+new\n")
    assert (hunk.removed, hunk.added, hunk.path) == (["-- a comment"], ["new"], "p.py")


LINES = st.sampled_from(
    ["x = f(x)", "    y = 1", "for a, b in zip(c, d):", "    a.add_(b)", "def f(x):", "        return x", "else:", ")", "é = '''",
     "", "class A:", "    def forward(self, x):", "@@ -1 +1 @@", "-- -", "++ b/p", "(" * 300, "x" + "[0]" * 3000, "\x00"]
)  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("+- \\"), LINES | st.text(max_size=20)), max_size=25))
def test_no_change_is_too_odd_to_be_read(lines: list[tuple[str, str]]) -> None:
    reading = read_change(HEADER + "\n".join(sign + line for sign, line in lines))
    assert len(reading.text) <= 301 * 400


def test_what_is_nested_too_deeply_is_taken_as_lines() -> None:
    assert read_change(added("x = " + "-" * 5000 + "1")).lines
