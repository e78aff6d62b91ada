"""Where the lanes of a run stand, and in which lane each hypothesis was tried, by the keys of the `node` rows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from app.record.event import Event
from pelagos.facts.drive import Entered

LANE_KEY = re.compile(r"(\d+)/h\d+/")
RUN_NODES = ("baseline", "survey", "confirm", "report")
LANE_NODES = ("ideate", "screen", "plan", "review", "build", "experiment", "judge", "claim", "reflect")
REVIEW_NODES = ("gate", "glance")


@dataclass
class Lanes:
    """`standing` maps a lane to its newest node and hypothesis, `run_node` is the newest node of the run itself; ""
    while lanes work. `lane_of` maps a hypothesis to its lane, `round_of` to its place in that lane, from 1."""

    standing: dict[int, tuple[str, str]] = field(default_factory=dict)
    run_node: str = ""
    lane_of: dict[str, int] = field(default_factory=dict)
    round_of: dict[str, int] = field(default_factory=dict)
    _rounds: dict[int, int] = field(default_factory=dict)

    def fold(self, event: Event) -> None:
        if event.kind != Entered.KIND:
            return
        node, hypothesis = str(event.payload.get("node", "")), event.payload.get("hypothesis") or ""
        lane_key = LANE_KEY.match(event.key)
        if lane_key is None:
            self.run_node = node
            return
        self.run_node = ""
        lane = int(lane_key[1])
        self.standing[lane] = ("review" if node in REVIEW_NODES else node, hypothesis)
        if hypothesis and hypothesis not in self.lane_of:
            self.lane_of[hypothesis] = lane
            self.round_of[hypothesis] = self._rounds[lane] = self._rounds.get(lane, 0) + 1
