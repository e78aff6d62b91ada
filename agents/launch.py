"""Drives a run to its end or to a stop.

To resume a run, drive it again: the checkpoint says where it stopped, the ledger what is done already. A run that a cap
ends is complete: its results are judged, confirmed and reported. A run without models ends with exit code 5, whatever
it found, since nobody asked it to stop; `resume` confirms its results and continues with the next hypothesis.
"""

from __future__ import annotations

import os
import shlex
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from agents.nodes.review import describe_decide
from agents.notify.channels import open_channels
from agents.notify.endings import tell_ending, tell_stop
from agents.notify.notifier import Notifier
from agents.review.decisions import is_decided
from agents.review.more_evidence import has_open_requests
from agents.review.proposals import list_open_proposals
from agents.review.review_gate import ReviewGate
from agents.run import Run, can_confirm
from agents.setup import run_folder
from agents.setup.assembly import Assembly, assemble
from agents.setup.caps import were_replaced_since
from agents.setup.packages import describe_changes, installed_versions
from agents.setup.project_tools import describe_tools
from agents.state import State, check_version, make_initial_state
from agents.telemetry.observer import observe
from memory.checkpoints.checkpoints import DURABILITY, open_checkpoints
from memory.embedders.hashing import HashingEmbedder
from memory.files.disk_errors import translate_disk_errors
from memory.files.live_logs import remove_live_logs
from memory.files.run_lock import hold_controller
from memory.ledger.keys import step_key
from memory.ledger.ledger import Event, Ledger, Reader
from memory.steps import unfinished
from pelagos.errors import CapReached, DiskFull, Interrupted, PelagosError
from pelagos.external_tools import ExternalTools
from pelagos.facts.drive import Ending, Estimate, Packages, Started, Stopped
from pelagos.facts.ideas import Screened, Survey
from pelagos.facts.reader import read
from pelagos.notify import Notify
from pelagos.nouns import Hypothesis
from sandbox.choose import reap
from tools.toolchain import Noted

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    from agents.graph import Graph

THREAD = "run"
OVER = frozenset({"finished", "capped"})
DISK_WAITS_S = (5.0, 20.0, 60.0)
"""Seconds that a run on a full disk waits for room before each new attempt; after the last one it stops."""
EXIT_CODES = {
    "finished": 0, "capped": 3, "disk full": 3, "starved": 5, "failed": 5, "waiting": 6, "interrupted": 130,
}  # fmt: skip


def drive(
    run_dir: Path,
    watch: Callable[[Event], None] | None = None,
    stop: threading.Event | None = None,
    assembly: Assembly | None = None,
    notify: Notify | None = None,
    external: ExternalTools | None = None,
) -> Ending:
    """Run or resume the run in `run_dir` to its end or to a stop, and record how it ended. `notify` says who is told,
    `external` which tools from outside may be called: they are the driver's, and no run folder holds them.

    First removes what the sandboxes of dead processes left on the machine. If the disk is full for a moment, the run
    continues when there is room again.

    Raises BadInput (no run there, driven by another process), MissingPart, and DiskFull if there is no room to begin.
    """
    description = run_folder.read(run_dir)
    channels = open_channels(notify or Notify(), Path.cwd(), os.environ)
    with (
        translate_disk_errors(run_dir),
        hold_controller(run_dir),
        closing(Ledger.open(run_dir / run_folder.LEDGER)) as ledger,
    ):
        if watch is not None:
            ledger.watch(watch)
        reap()
        name, on = run_dir.resolve().name, (notify or Notify()).on
        with (
            observe(ledger, run_dir),
            closing(Notifier(ledger, name, description.task, channels, on)) as notifier,
        ):
            driver = Driver(notifier, external or ExternalTools())
            ending, number = _drive_to_ending(run_dir, description, driver, stop or threading.Event(), assembly)
            tell_ending(notifier, run_dir, ending, number, description.resolved())
            return ending


class Driver(NamedTuple):
    """What whoever drives a run brings along."""

    notifier: Notifier
    external: ExternalTools


def _drive_to_ending(
    run_dir: Path,
    description: run_folder.RunFile,
    driver: Driver,
    stop: threading.Event,
    assembly: Assembly | None,
) -> tuple[Ending, int]:
    """Return the ending and its number. A run that is over is not driven again."""
    ledger = driver.notifier.ledger
    endings = ledger.events(Ending.KIND)
    if endings and is_over(ledger):
        return read(Ending, endings[-1].payload), len(endings)
    assembly = assembly or Assembly()
    ending = _drive_once(run_dir, description, driver, stop, assembly)
    for wait_s in DISK_WAITS_S:
        if ending.status != "disk full" or stop.wait(wait_s):
            break
        ending = _drive_once(run_dir, description, driver, stop, assembly)
    return _record_ending(ending, len(endings) + 1, ledger), len(endings) + 1


def is_over(ledger: Reader) -> bool:
    """Whether the run has ended and nothing is left to do: driven again, it would end at once."""
    endings = ledger.events(Ending.KIND)
    if not endings or read(Ending, endings[-1].payload).status not in OVER:
        return False
    return not _is_asked_for_more(ledger, endings[-1].seq)


def _is_asked_for_more(ledger: Reader, seq: int) -> bool:
    """Whether a run that ended with the row `seq` is to go on: its caps were replaced since, or a person's proposal or
    request for seeds is open."""
    return were_replaced_since(ledger, seq) or has_open_requests(ledger) or bool(list_open_proposals(ledger))


def _drive_once(
    run_dir: Path, description: run_folder.RunFile, driver: Driver, stop: threading.Event, assembly: Assembly
) -> Ending:
    try:
        with (
            _record_failures(run_dir, driver.notifier),
            translate_disk_errors(run_dir),
            assemble(run_dir, description, driver.notifier.ledger, stop, assembly) as run,
        ):
            run.notifier, run.external = driver.notifier, driver.external
            return _run_to_ending(run, description)
    except DiskFull as full:  # before the graph was started, or while its parts were closed
        return _make_ending("disk full", str(full))


@contextmanager
def _record_failures(run_dir: Path, notifier: Notifier) -> Iterator[None]:
    """Record and tell an error that ends the drive without an ending: a missing part, a file that can't be used, or a
    programming error of ours. The error is raised again."""
    try:
        yield
    except (DiskFull, Interrupted):
        raise
    except PelagosError as error:
        _record_stopped("stopped", str(error), run_dir, notifier)
        raise
    except Exception as error:
        _record_stopped("crashed", _describe_crash(error), run_dir, notifier)
        raise


def _record_stopped(status: str, reason: str, run_dir: Path, notifier: Notifier) -> None:
    with suppress(PelagosError):
        number = len(notifier.ledger.facts(Stopped)) + 1
        notifier.ledger.record(Stopped(status=status, reason=reason), str(number))
    with suppress(PelagosError):
        tell_stop(notifier, run_dir, status, reason)


def _describe_crash(error: Exception) -> str:
    """Return one line: the error and the line of code where it was raised."""
    message = " ".join(str(error).split())[:400]
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}{': ' if message else ''}{message}{place}, a fault in Pelagos itself"


def _begin(run: Run, description: run_folder.RunFile) -> None:
    """Record the start, bring the bank and unfinished steps into line with the ledger, and note what limits the run."""
    remove_live_logs(run.folder)
    run.steps.budget.record_span()
    metrics = {"metric": run.task.metric, "guards": list(run.task.guards)}
    run.ledger.record(Started(**description.model_dump(mode="json"), **metrics), THREAD)
    run.bank.remove_lost(run.origin.run, {run.origin.id(hypothesis.id) for hypothesis in run.nouns(Hypothesis)})
    if run.ledger.damage:
        run.say(run.ledger.damage)
    unfinished.settle(run.steps, run.say)
    _note_changed_packages(run, description)
    if said := describe_tools(run.toolchain, description):
        run.say(said)
    for text in run.task.notes if isinstance(run.task, Noted) else ():
        run.say(f"task {run.task.name}: {text}")
    if run.embedder.id == HashingEmbedder.ID:
        run.say("embedder: hashing: repeats are recognised by their spelling only")
    if not can_confirm(run.settings.caps, run.settings.judge.max_seeds):
        run.say(f"at most {run.settings.caps.experiments} experiments: too few to confirm a winner on sealed data")


def _note_changed_packages(run: Run, description: run_folder.RunFile) -> None:
    versions = installed_versions(run.folder / run_folder.TASK)
    if changes := describe_changes(description.versions, versions):
        run.ledger.record(Packages(versions), step_key(**versions))
        run.say(f"other versions than at the run's beginning, so its numbers may differ: {changes}")


def _record_ending(ending: Ending, number: int, ledger: Ledger) -> Ending:
    """Record the ending as a fact and return it. If the disk is full, return an ending that says so, unrecorded."""
    try:
        ledger.record(ending, str(number))
    except DiskFull as full:
        if ending.status == "disk full":
            return ending
        return _make_ending("disk full", f"{ending.status} {ending.reason}, not recorded: {full}")
    return ending


def _make_ending(status: str, reason: str) -> Ending:
    return Ending(status=status, exit_code=EXIT_CODES[status], reason=reason)


def _run_to_ending(run: Run, description: run_folder.RunFile) -> Ending:
    """Run the graph and return how it ended. Every PelagosError becomes an ending; any other exception is a programming
    error and is raised."""
    try:
        with translate_disk_errors(run.folder):
            _begin(run, description)
            with run.control.watching():
                run.toolchain.prepare(run.task, run)
                status, reason = _run_graph(run)
    except Interrupted as interrupted:
        status, reason = "interrupted", str(interrupted)
    except CapReached as reached:
        status, reason = "capped", str(reached)
    except DiskFull as full:
        status, reason = "disk full", str(full)
    except PelagosError as error:
        status, reason = "failed", str(error)
    return _make_ending(status, reason)


def _run_graph(run: Run) -> tuple[str, str]:
    """Run the graph until it ends or all lanes wait for a review. Returns status and reason."""
    from agents.graph import RECURSION_LIMIT, build_run_graph

    with open_checkpoints(run.ledger, run.say) as saver:
        graph = build_run_graph(run.settings.loop.review, saver)
        config: RunnableConfig = {
            "configurable": {"thread_id": THREAD},
            "recursion_limit": RECURSION_LIMIT,
            "max_concurrency": run.lanes,
        }
        state = _prepare_state(graph, config, run)
        run.quota.hold(_find_unscreened(graph, config, run))
        while True:
            patience_s = 60 * run.settings.loop.review_wait
            run.review_gate = ReviewGate(_count_open_lanes(graph, config, run), patience_s, run.steps.budget)
            result = graph.invoke(state, config, context=run, durability=DURABILITY)
            waiting = _find_waiting(result)
            if not waiting:
                return result["status"], result["reason"]
            if not any(is_decided(run.ledger, id) for id in waiting):
                resume = f"then `pelagos resume {shlex.quote(str(run.folder))}`"
                return "waiting", f"for a review of {', '.join(waiting)}: {describe_decide(run, waiting[0])}, {resume}"
            state = None


def _find_waiting(result: dict[str, Any]) -> list[str]:
    """Return the ids of the hypotheses that wait for a review, in the order of their numbers."""
    ids = [id for interrupt in result.get("__interrupt__", ()) for id in interrupt.value["waiting_for"]]
    return sorted(ids, key=lambda id: (len(id), id))


def _count_open_lanes(graph: Graph, config: RunnableConfig, run: Run) -> int:
    """Return how many lanes work when the graph continues: all, or those that had not ended when it stopped."""
    snapshot = graph.get_state(config)
    lanes = [task for task in snapshot.tasks if task.name == "lane"]
    return sum(task.result is None for task in lanes) or (snapshot.values or {}).get("lanes", run.lanes)


def _find_unscreened(graph: Graph, config: RunnableConfig, run: Run) -> list[str]:
    """Return the ideas that lanes will still screen. Ideas from before the lanes were last opened are given up."""
    numbered = (graph.get_state(config).values or {}).get("numbered", 0)
    screened = run.ledger.facts(Screened)
    return [id for id in run.tally.hypotheses if id not in screened and int(id[1:]) > numbered]


def _prepare_state(graph: Graph, config: RunnableConfig, run: Run) -> State | None:
    """Return the state to invoke the graph with: a fresh one, or None to continue from the checkpoint.

    Doesn't use `next` of the checkpoint: a kill between a task's writes and its checkpoint leaves it empty in a running
    graph. If the models are back, caps were given again, or a person asked for more, this opens the lanes again, to
    number after the existing hypotheses. If no survey was recorded, the survey is repeated before that.
    """
    snapshot = graph.get_state(config)
    if not snapshot.values:
        return make_initial_state(run.lanes)
    check_version(snapshot.values)
    endings = run.ledger.events(Ending.KIND)
    more_asked = _is_asked_for_more(run.ledger, endings[-1].seq if endings else 0)
    status = snapshot.values["status"]
    if (status == "starved" or (status in OVER and more_asked)) and not snapshot.tasks:
        node = "survey" if run.ledger.facts(Survey) else "baseline"
        numbers = [int(estimate.hypothesis[1:]) for estimate in run.ledger.facts(Estimate).values()]
        update = {"status": "running", "lanes": run.lanes, "numbered": max(numbers, default=0)}
        graph.update_state(config, update, as_node=node)
    return None
