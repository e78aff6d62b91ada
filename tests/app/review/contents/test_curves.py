from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.review.contents.curves import MOST_POINTS, MOST_SERIES, draw_all_curves, find_curves
from app.review.drawings.curves_plot import HEIGHT, WIDTH, Curve, draw_curves
from memory.artifacts import ArtifactStore
from pelagos.nouns import Experiment, OutcomeKind
from tests.app.conftest import HOSTILE


@pytest.mark.parametrize(
    "line",
    [
        "Epoch {n}/5 - loss: {v} - time 3s",
        "epoch={n}, loss={v}",
        '{{"epoch": {n}, "loss": {v}}}',
        "2026-11-30 12:00:0{n} INFO epoch {n} loss {v}",
    ],
)
def test_series_of_usual_forms_are_found(line: str) -> None:
    log = "\n".join(["loading", *(line.format(n=n, v=1 / n) for n in range(1, 6)), "done"])
    assert find_curves(log)["loss"] == [(n, 1 / n) for n in range(1, 6)]


def test_rounds_in_brackets_are_counters() -> None:
    curves = find_curves("".join(f"[{n}]\ttrain-rmse:{9 - n}\ttest-rmse:{9.5 - n}\n" for n in range(4)))
    assert curves == {"train-rmse": [(n, 9.0 - n) for n in range(4)], "test-rmse": [(n, 9.5 - n) for n in range(4)]}


def test_numbers_without_a_counter_that_rises_are_no_curve() -> None:
    assert find_curves("loss 3\nloss 2\nloss 1\nloss 0\n") == {}
    assert find_curves("epoch 1 loss 3\nepoch 1 loss 2\nepoch 1 loss 1\n") == {}


def test_a_long_curve_keeps_its_ends() -> None:
    [points] = find_curves("\n".join(f"step {n} loss {n}" for n in range(5_000))).values()
    assert len(points) == MOST_POINTS
    assert (points[0], points[-1]) == ((0, 0), (4_999, 4_999))


@given(
    st.lists(
        st.one_of(
            st.text(max_size=80),
            st.builds("epoch {} {} {}".format, st.integers(), st.text(max_size=12), st.floats()),
            st.builds('{{"epoch": {}, "a": {}}}'.format, st.integers(), st.floats(allow_nan=True)),
        ),
        max_size=60,
    )
)
def test_any_log_gives_few_finite_points(lines: list[str]) -> None:
    curves = find_curves("\n".join(lines))
    assert len(curves) <= MOST_SERIES
    for points in curves.values():
        assert len(points) <= MOST_POINTS
        assert all(math.isfinite(number) for point in points for number in point)
        assert [x for x, _ in points] == sorted({x for x, _ in points})


def run(artifacts: Path, seed: int, log: str) -> Experiment:
    return Experiment(
        id=f"{log[:3]}{seed}",
        version="v",
        hypothesis="h1",
        seed=seed,
        split="validation",
        outcome=OutcomeKind.OK,
        data="d",
        files={"log": ArtifactStore(artifacts).put_text(log)},
    )


def test_curves_are_drawn_beside_the_baseline_and_names_are_escaped(tmp_path: Path) -> None:
    def log(name: str) -> str:
        return "\n".join(f'{{"step": {n}, "{name}": {(-1) ** n * 1e299}}}' for n in range(4))

    own = [run(tmp_path, 0, log("loss")), run(tmp_path, 1, log("<script>"))]
    plots = draw_all_curves(tmp_path, own, [run(tmp_path, 5, log("loss")), run(tmp_path, 6, "nothing")])
    assert len(plots) == 2
    assert plots[0].count('class="own"') == plots[0].count('class="base"') == 1
    assert "nan" not in plots[0]
    assert "<script" not in plots[1]
    assert "&lt;script&gt;" in plots[1]


def test_a_log_that_is_lost_draws_nothing(tmp_path: Path) -> None:
    lost = run(tmp_path, 0, HOSTILE)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            path.unlink()
    assert draw_all_curves(tmp_path, [lost], []) == []


SIZES = st.floats(allow_nan=False, allow_infinity=False, max_value=1e300, min_value=-1e300)


@given(st.lists(st.tuples(SIZES, SIZES), min_size=2, max_size=8))
@example([(0.0, 0.0), (1.0, 5e-324)])
@example([(0.0, 1e299), (1.0, 1e299)])
def test_curves_of_any_size_are_drawn_within_the_picture(points: list[tuple[float, float]]) -> None:
    drawn = str(draw_curves("loss", [Curve(0, points, own=True)]))
    places = re.findall(r"(-?[\d.]+),(-?[\d.]+)", re.search(r'points="([^"]*)"', drawn)[1])  # type: ignore[index]
    assert len(places) == len(points)
    assert all(0 <= float(x) <= WIDTH and 0 <= float(y) <= HEIGHT for x, y in places)
