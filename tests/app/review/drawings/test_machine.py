from __future__ import annotations

from xml.etree import ElementTree

from app.review.drawings.machine import draw_machine
from app.review.growing.lanes import LANE_NODES, RUN_NODES, Lanes

HOSTILE = '"><script>x</script>'


def parse(drawing: str) -> ElementTree.Element:
    assert "style=" not in drawing
    return ElementTree.fromstring(drawing)


def nodes_here(drawing: str) -> list[list[str | None]]:
    return [
        [text.text for text in group.iter("text")]
        for group in parse(drawing).iter("g")
        if group.get("class") == "node here"
    ]


def test_all_nodes_are_drawn() -> None:
    names = {text.text for text in parse(draw_machine(Lanes())).iter("text") if text.get("class") == "name"}
    assert names == {*LANE_NODES, *RUN_NODES}


def test_lanes_are_marked_where_they_stand() -> None:
    lanes = Lanes(standing={0: ("build", "h5"), 1: ("build", "h7"), 2: ("ideate", ""), 3: ("build", "h8")})
    assert nodes_here(draw_machine(lanes)) == [["ideate", "next idea"], ["build", "h5, h7 +1"]]
    assert "build: h5, h7 +1" in parse(draw_machine(lanes)).get("aria-label", "")


def test_the_run_itself_stands_at_one_node() -> None:
    assert nodes_here(draw_machine(Lanes(standing={0: ("ideate", "")}, run_node="confirm"))) == [["confirm"]]


def test_nothing_is_marked_where_no_process_drives_the_run() -> None:
    assert nodes_here(draw_machine(Lanes(run_node="confirm"), is_over=True)) == []


def test_a_hostile_id_is_text() -> None:
    assert "<script" not in draw_machine(Lanes(standing={0: ("build", HOSTILE)}))
