from __future__ import annotations

from xml.etree import ElementTree

import pytest

from app.review.drawings.seeds_plot import Series, draw_seeds

HOSTILE = '"><script>x</script>'


def parse(drawing: str) -> ElementTree.Element:
    assert "style=" not in drawing
    return ElementTree.fromstring(drawing)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_better_score_is_at_the_right(sign: int) -> None:
    drawing = parse(
        draw_seeds([Series("baseline", [(1, 0.5)], False), Series("h1", [(1, 0.5 + sign * 0.2)], True)], sign)
    )
    base, own = [float(circle.get("cx", "")) for circle in drawing.iter("circle")]
    assert own > base


def test_equal_scores_and_series_without_scores_can_be_drawn() -> None:
    assert draw_seeds([Series("baseline", [], False)], 1) == ""
    drawing = parse(draw_seeds([Series(HOSTILE, [(1, 0.0), (2, 0.0)], True), Series("none", [], False)], 1))
    assert len(list(drawing.iter("circle"))) == 2
