from __future__ import annotations

from xml.etree import ElementTree

from app.report.sections.flow import WIDTH, draw_flow, place_boxes, rank_boxes
from tests.app.conftest import HOSTILE
from tools.section import Box, Flow


def test_a_box_stands_below_all_that_it_follows() -> None:
    boxes = [Box("data"), Box("log2", after=[0]), Box("test", after=[1]), Box("other test", after=[1, 0])]
    assert rank_boxes(boxes) == [0, 1, 2, 2]
    data, log2, test, other = place_boxes(boxes)
    assert data.y + data.height < log2.y < log2.y + log2.height < test.y == other.y
    assert test.x + test.width < other.x
    assert other.x + other.width <= WIDTH


def test_a_flow_without_boxes_or_with_arrows_from_nowhere_is_drawn() -> None:
    assert ElementTree.fromstring(draw_flow(Flow([]))).tag == "svg"
    svg = draw_flow(Flow([Box("a", after=[0, 5, -1]), Box("b", after=[1])]))
    assert svg.count("<line") == 0


def test_its_texts_are_escaped_and_cut() -> None:
    svg = draw_flow(Flow([Box(HOSTILE, details=[HOSTILE, "x" * 5_000]), Box('" onload="', after=[0])], caption='"><b>'))
    root = ElementTree.fromstring(svg)  # well-formed, so nothing broke out of its element or attribute
    assert {each.tag for each in root.iter()} == {"svg", "rect", "text", "line", "path"}
    assert all(len(each.text or "") < 80 for each in root.iter("text"))
    assert root.attrib["aria-label"] == '"><b>'
