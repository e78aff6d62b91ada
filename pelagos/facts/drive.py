"""Facts about how a run is driven: its launch, how its drives end, where it is and how long things take."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import RootModel

from pelagos.facts.fact import Fact
from pelagos.nouns import Metric


class Started(Fact):
    """The launch, once. `settings` are those of the version that launched it, so they are read one by one."""

    KIND = "run.started"
    pelagos: str = ""
    task: str = ""
    toolchain: str = ""
    digest: str = ""
    project: str = ""
    settings: dict[str, Any] = {}
    versions: dict[str, str] = {}
    tools: dict[str, str] = {}
    metric: Metric | None = None
    guards: list[Metric] = []


class Given(Fact):
    """Settings that were changed, by section; they hold from then on."""

    KIND = "caps"
    caps: dict[str, Any] = {}
    loop: dict[str, Any] = {}

    @property
    def sections(self) -> dict[str, dict[str, Any]]:
        return {"caps": self.caps, "loop": self.loop}


class Ending(Fact):
    """How a drive ended. `status`: finished, waiting (for a review), capped, disk full, starved, failed or
    interrupted."""

    KIND = "run.ended"
    status: str = "ended"
    exit_code: int = 0
    reason: str = ""


class Stopped(Fact):
    """Why a drive stopped without an ending: stopped (a part is missing) or crashed."""

    KIND = "run.stopped"
    status: str = "stopped"
    reason: str = ""


class Packages(RootModel[dict[str, str]]):
    """Package -> version, if a resumed run has other versions than at its beginning."""

    KIND: ClassVar[str] = "versions"


class Entered(Fact):
    """A node begins, for a hypothesis or for the run ("")."""

    KIND = "node"
    node: str = ""
    hypothesis: str | None = None


class Estimate(Fact):
    """How long a hypothesis is expected to take here, in seconds, when it begins; None if nothing was measured."""

    KIND = "pace"
    hypothesis: str = ""
    hypothesis_s: float | None = None
    read_tps: float | None = None
    write_tps: float | None = None
    left_s: float | None = None


class Waited(Fact):
    """Seconds until now that count for no hypothesis' pace."""

    KIND = "waited"
    hypothesis: str = ""
    seconds: float = 0.0


class Note(Fact):
    """One line for whoever is watching."""

    KIND = "note"
    text: str = ""


class Notified(Fact):
    """A person is about to be told what this row's key names; recorded before it is sent, so it is told once."""

    KIND = "notified"
    event: str = ""
    status: str = ""
    reason: str = ""


class Span(Fact):
    """A row of the run's clock: the span before it lasted `lived` seconds, None where a process began to drive the run;
    the next one begins at `began` (seconds since the epoch)."""

    KIND = "clock"
    lived: float | None = None
    began: float | None = None
