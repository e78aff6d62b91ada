"""Launch and resume: `create` checks everything and makes a run folder, `drive` takes it to its end or to a stop.

Resuming is driving again: the checkpoint says where, the ledger what is done already. An end by a cap is clean: what
was found is judged, confirmed and reported. A run without models ends with exit code 5, whatever it found, since nobody
asked it to stop; what was found is confirmed by `resume`, which goes on with the next hypothesis.
"""

from __future__ import annotations

import shlex
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from agents import folder as run_folder
from agents.caps import check_caps, given_since
from agents.desk import Desk
from agents.nodes.review import how
from agents.packages import differing, installed
from agents.parts import Parts, assembled
from agents.reviews import decided
from agents.run import Run, confirmable
from agents.state import State, check_version, initial
from memory import unfinished
from memory.checkpoints import DURABILITY, open_checkpoints
from memory.controller import hold_controller
from memory.faults import on_disk
from memory.hashing import HashingEmbedder
from memory.keys import step_key
from memory.ledger import Event, Ledger
from pelagos.errors import BadInput, CapReached, DiskFull, Interrupted, MissingPart, PelagosError
from pelagos.nouns import Hypothesis
from pelagos.settings import Settings
from sandbox.choose import reap
from tools import registry
from tools.literature.cascade import Cascade
from tools.toolchain import Noted

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    from agents.graph import Graph

THREAD = "run"
STOPPED = "run.stopped"
OVER = frozenset({"finished", "capped"})
DISK_WAITS_S = (5.0, 20.0, 60.0)
"""How long room is waited for before a run on a full disk goes on, and in the end stops."""
EXIT_CODES = {
    "finished": 0, "capped": 3, "disk full": 3, "starved": 5, "failed": 5, "waiting": 6, "interrupted": 130,
}  # fmt: skip


@dataclass(frozen=True)
class Ending:
    """How a drive ended. `status`: finished, waiting (for a review), capped, disk full, starved, failed or
    interrupted."""

    status: str
    exit_code: int
    reason: str


def create(
    project: Path, task_ref: str, settings: Settings, run_dir: Path | None = None, parts: Parts | None = None
) -> Path:
    """A run folder, ready to be driven. Raises BadInput, MissingPart and DiskFull, and then nothing was written."""
    task, _ = registry.task(task_ref)
    registry.check_machine(task, settings.sandbox.name)
    wanted, there = settings.judge.min_seeds, len(task.seeds)
    if there < wanted:
        raise BadInput(f"task {task.name}: seeds: {there} are too few for a noise estimate: name at least {wanted}")
    papers = project / settings.survey.corpus if settings.survey.corpus else task.papers
    if papers is not None:
        Cascade.open(settings.literature, papers, lambda _: None).close()
    parts = parts or Parts()
    specs = check_caps(settings)
    registry.install(task)
    parts.sandbox(settings.sandbox)
    parts.check_embedder(settings, project)
    where = run_dir or run_folder.by_time(project / "runs", task.name)
    run_folder.free(where, task.digest)
    for spec in specs:  # last: endpoints are asked whether they are there
        parts.check_model(spec, settings)
    with on_disk(where):
        while not run_folder.write(where, project, task, settings):  # another process took the place meanwhile
            if run_dir is not None:
                run_folder.free(run_dir, task.digest)
            where = run_dir or run_folder.by_time(project / "runs", task.name)
    return where


def drive(
    run_dir: Path,
    watch: Callable[[Event], None] | None = None,
    stop: threading.Event | None = None,
    parts: Parts | None = None,
) -> Ending:
    """Run or resume the run in `run_dir` to its end or to a stop, and record how it ended.

    What sandboxes of dead processes left on the machine is removed first. Where the disk is full for a moment, the run
    goes on when there is room again.

    Raises BadInput (no run there, driven by another process), MissingPart, and DiskFull where there is no room to
    begin.
    """
    described = run_folder.read(run_dir)
    with on_disk(run_dir), hold_controller(run_dir), closing(Ledger.open(run_dir / run_folder.LEDGER)) as ledger:
        if watch is not None:
            ledger.watch(watch)
        reap()
        before = ledger.events("run.ended")
        over = before and before[-1].payload["status"] in OVER
        if over and not given_since(ledger, before[-1].seq):
            return Ending(**before[-1].payload)
        asked, made = stop or threading.Event(), parts or Parts()
        ending = _driven(run_dir, described, ledger, asked, made)
        for wait in DISK_WAITS_S:
            if ending.status != "disk full" or asked.wait(wait):
                break
            with suppress(DiskFull):  # there is still no room: its ending stands
                ending = _driven(run_dir, described, ledger, asked, made)
        return _recorded(ending, len(before) + 1, ledger)


def _driven(
    run_dir: Path, described: run_folder.RunFile, ledger: Ledger, stop: threading.Event, parts: Parts
) -> Ending:
    with _told(ledger), assembled(run_dir, described, ledger, stop, parts) as run:
        return _ending(run, described)


@contextmanager
def _told(ledger: Ledger) -> Iterator[None]:
    """What ends the drive without an ending goes on as it is, and the ledger says what it was: a part that is missing
    or a programming error of ours."""
    try:
        yield
    except (BadInput, MissingPart) as error:
        _stopped("stopped", str(error), ledger)
        raise
    except PelagosError:
        raise
    except Exception as error:
        _stopped("crashed", _crash(error), ledger)
        raise


def _stopped(status: str, reason: str, ledger: Ledger) -> None:
    with suppress(PelagosError):
        ledger.append(STOPPED, str(len(ledger.events(STOPPED)) + 1), {"status": status, "reason": reason})


def _crash(error: Exception) -> str:
    """One line: the error and the line of code where it was raised."""
    told = " ".join(str(error).split())[:400]
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}{': ' if told else ''}{told}{place}, a fault in Pelagos itself"


def _begin(run: Run, described: run_folder.RunFile) -> None:
    run.steps.budget.mark()
    metrics = {"metric": run.task.metric, "guards": list(run.task.guards)}
    shown = TypeAdapter(dict[str, Any]).dump_python(metrics, mode="json")
    run.ledger.append("run.started", THREAD, described.model_dump(mode="json") | shown)
    run.bank.forget_lost(run.origin.run, {run.origin.id(one.id) for one in run.nouns(Hypothesis)})
    if run.ledger.damage:
        run.say(run.ledger.damage)
    calls, cost = unfinished.settle(run.steps)
    if calls:
        run.say(
            f"{calls} model calls were in flight when the run was killed: {cost.tokens} tokens are counted as spent"
        )
    versions = installed(run.folder / run_folder.TASK)
    if text := differing(described.versions, versions):
        run.ledger.append("versions", step_key(**versions), versions)
        run.say(f"other versions than at the run's beginning, so its numbers may differ: {text}")
    for text in run.task.notes if isinstance(run.task, Noted) else ():
        run.say(f"task {run.task.name}: {text}")
    if run.embedder.id == HashingEmbedder.ID:
        run.say("embedder: hashing: repeats are recognised by their spelling only")
    if not confirmable(run.settings.caps, run.settings.judge.max_seeds):
        run.say(f"at most {run.settings.caps.experiments} experiments: too few to confirm a winner on sealed data")


def _recorded(ending: Ending, number: int, ledger: Ledger) -> Ending:
    """The ending as a fact, unless the disk is full: then it is told only."""
    try:
        ledger.append("run.ended", str(number), vars(ending))
    except DiskFull as full:
        if ending.status == "disk full":
            return ending
        return Ending("disk full", EXIT_CODES["disk full"], f"{ending.status} {ending.reason}, not recorded: {full}")
    return ending


def _ending(run: Run, described: run_folder.RunFile) -> Ending:
    """Named border: what the tree of our errors says becomes a recorded end; anything else is a bug and crashes."""
    try:
        with on_disk(run.folder):
            _begin(run, described)
            run.toolchain.prepare(run.task, run)
            status, reason = _run_graph(run)
    except Interrupted as asked:
        status, reason = "interrupted", str(asked)
    except CapReached as reached:
        status, reason = "capped", str(reached)
    except DiskFull as full:
        status, reason = "disk full", str(full)
    except PelagosError as error:
        status, reason = "failed", str(error)
    return Ending(status, EXIT_CODES[status], reason)


def _run_graph(run: Run) -> tuple[str, str]:
    from agents.graph import STEPS, run_graph

    with open_checkpoints(run.ledger, run.say) as saver:
        graph = run_graph(run.settings.loop.review, saver)
        config: RunnableConfig = {
            "configurable": {"thread_id": THREAD},
            "recursion_limit": STEPS,
            "max_concurrency": run.lanes,
        }
        start: State | None = _start(graph, config, run)
        while True:
            patience_s = 60 * run.settings.loop.review_wait
            run.desk = Desk(_open_lanes(graph, config, run), patience_s, run.steps.budget)
            state = graph.invoke(start, config, context=run, durability=DURABILITY)
            waiting = [id for asked in state.get("__interrupt__", ()) for id in asked.value["waiting_for"]]
            waiting.sort(key=lambda id: (len(id), id))
            if not waiting:
                return state["status"], state["reason"]
            if not any(decided(run.ledger, id) for id in waiting):
                again = f"then `pelagos resume {shlex.quote(str(run.folder))}`"
                return "waiting", f"for a review of {', '.join(waiting)}: {how(run, waiting[0])}, {again}"
            start = None


def _open_lanes(graph: Graph, config: RunnableConfig, run: Run) -> int:
    """Lanes that work when the graph goes on: all, or those that had not ended when it was left."""
    found = graph.get_state(config)
    begun = [task for task in found.tasks if task.name == "lane"]
    return sum(task.result is None for task in begun) or (found.values or {}).get("lanes", run.lanes)


def _start(graph: Graph, config: RunnableConfig, run: Run) -> State | None:
    """What to invoke the graph with: a fresh state, or nothing: go on.

    Not decided by `next`: a kill between a task's writes and its checkpoint leaves it empty in a running graph. Where
    the models are back, or caps were given anew, the lanes are opened again after the hypotheses there are, or the
    survey if it came to nothing.
    """
    found = graph.get_state(config)
    if not found.values:
        return initial(run.lanes)
    check_version(found.values)
    ends = run.ledger.events("run.ended")
    more = given_since(run.ledger, ends[-1].seq if ends else 0)
    if (found.values["status"] == "starved" or (found.values["status"] in OVER and more)) and not found.tasks:
        surveyed = bool(run.ledger.events("survey"))
        numbers = [int(event.payload["hypothesis"][1:]) for event in run.ledger.events("pace")]
        again = {"status": "running", "lanes": run.lanes, "numbered": max(numbers, default=0)}
        graph.update_state(config, again, as_node="survey" if surveyed else "baseline")
    return None
