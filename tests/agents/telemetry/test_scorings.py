"""What a verifier's own model reads is a span: at a real pooling server, in a run; the loop's rankings and no others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agents.current_hypothesis import working_for
from agents.launch import drive
from agents.setup import run_folder
from agents.setup.assembly import assemble
from agents.setup.create import create
from memory.ledger.ledger import Ledger
from memory.steps.budget import Budget
from memory.steps.steps import Steps
from pelagos.facts.calls import Completed, Scoring
from pelagos.facts.fact import Cost
from pelagos.facts.ideas import PlanRanking
from pelagos.facts.work import Intent
from pelagos.settings import Caps
from tests.agents.scripted import ScriptedAssembly, make_short_settings
from tests.agents.telemetry.collector import collecting, read_attributes
from tests.agents.telemetry.test_spans import watch_ledger
from tests.agents.verifiers import tiny
from tests.agents.verifiers.checkpoints.test_pooling import Handler, Server, per_tag
from tests.toolchains.table import write_task
from tools.toolchain import Work


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The verifier of a small checkpoint's folder, which a server serves."""
    folder = tmp_path_factory.mktemp("served")
    tiny.small_qwen_tokenizer().save_pretrained(folder)
    (folder / "config.json").write_text('{"architectures": ["Qwen2ForProcessRewardModel"]}')
    with Server(("127.0.0.1", 0), Handler) as made:
        made.asked, made.rows, made.models = [], per_tag, [{"id": str(folder), "max_model_len": 100_000}]
        threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
        yield f"checkpoint:{folder},layout=qwen,url=http://127.0.0.1:{made.server_port}"
        made.shutdown()


def create_run(folder: Path, spec: str) -> Path:
    settings = make_short_settings(1, verifiers={"kind": spec})
    return create(folder, str(write_task(folder / "table")), settings, folder / "r", ScriptedAssembly())


def read_facts(run: Path, kind: type[Any]) -> list[Any]:
    with closing(Ledger.open(run / run_folder.LEDGER)) as ledger:
        return list(ledger.facts(kind).values())


def test_a_ranking_of_plans_is_a_span_below_its_hypothesis(
    tmp_path: Path, spec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create_run(tmp_path, spec)
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint)
        assert drive(run, assembly=ScriptedAssembly()).status == "finished"
        spans = collector.spans()
    by_id = {span.span_id: span for span in spans}
    [ranking] = read_facts(run, PlanRanking)
    [scored] = [span for span in spans if span.name.startswith("score_steps ")]
    attributes = read_attributes(scored)
    assert by_id[scored.parent_span_id].name == "hypothesis"
    assert attributes["gen_ai.operation.name"] == "score_steps"
    assert attributes["gen_ai.usage.input_tokens"] == ranking.cost.tokens > 0
    assert attributes["gen_ai.usage.output_tokens"] == 0
    assert (attributes["pelagos.hypothesis"], attributes["pelagos.role"]) == ("h1", "verifier")
    assert scored.end_time_unix_nano > scored.start_time_unix_nano
    assert attributes["pelagos.verifier"].endswith(" by vLLM")
    assert str(tmp_path.parent) not in str(attributes)


def test_a_ranking_of_programs_names_its_hypothesis_and_how_long_it_took(tmp_path: Path, spec: str) -> None:
    run = create_run(tmp_path, spec)
    with (
        closing(Ledger.open(run / run_folder.LEDGER)) as ledger,
        assemble(run, run_folder.read(run), ledger, threading.Event(), ScriptedAssembly()) as made,
    ):
        with watch_ledger(ledger) as spans, working_for("h7"):
            assert sorted(made.rank([Work("P", ["One."]), Work("Q", ["Two.", "Three."])])) == [0, 1]
        [fact] = ledger.facts(Scoring).values()
    [scored] = [span for span in spans if span.name.startswith("score_steps ")]
    assert (fact.hypothesis, scored.attributes["pelagos.hypothesis"]) == ("h7", "h7")
    assert scored.attributes["gen_ai.usage.input_tokens"] == fact.cost.tokens > 0
    assert abs((scored.end_time - scored.start_time) / 1e9 - fact.seconds) < 1e-3


def test_a_completion_lasts_from_its_intent_and_belongs_to_the_hypothesis_named_there(tmp_path: Path) -> None:
    with closing(Ledger.open(tmp_path / "ledger.db")) as ledger, watch_ledger(ledger) as spans:
        steps, made = (
            Steps(ledger, Budget(Caps(), ledger)),
            Completed(role="verifier", spec="lab/prm", read=9, written=4),
        )
        steps.made(Completed, "k", Intent(hypothesis="h2"), Cost(), lambda: (made, Cost(13)))
        intent, fact = ledger.events("completion.intent")[0], ledger.events("completion")[0]
    [span] = [span for span in spans if span.name == "text_completion prm"]
    assert span.attributes["pelagos.hypothesis"] == "h2"
    assert (span.attributes["gen_ai.usage.input_tokens"], span.attributes["gen_ai.usage.output_tokens"]) == (9, 4)
    assert (span.start_time, span.end_time) == (int(intent.at * 1e9), int(fact.at * 1e9))


def test_a_ranking_by_the_runs_own_models_is_no_second_span(tmp_path: Path) -> None:
    """Its calls are spans; what they took would be counted twice."""
    run = create_run(tmp_path, "direct")
    with (
        closing(Ledger.open(run / run_folder.LEDGER)) as ledger,
        assemble(run, run_folder.read(run), ledger, threading.Event(), ScriptedAssembly()) as made,
        watch_ledger(ledger) as spans,
    ):
        made.rank([Work("P", ["One."]), Work("Q", ["Two."])])
    assert [span.name.split()[0] for span in spans if span.name != "run"] == ["chat", "chat"]
