"""`pelagos verifier`: kinds, ranked solutions, evaluation that goes on, and faults that are one line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.commands.machine.verifier import verifier_app
from pelagos.errors import BadInput, ModelUnavailable
from tests.agents.models.conftest import Handler, Script, completion, script  # noqa: F401

SOLUTIONS = [
    {"problem": "Pens?", "steps": ["good a", "bad b"]},
    {"problem": "Pens?", "steps": ["good a", "good b"]},
]
PROCESS = [
    {"id": f"g{number}", "problem": "Pens?", "steps": ["good a", f"{'bad' if number % 2 else 'good'} {number}"],
     "label": 1 if number % 2 else -1}
    for number in range(8)
]  # fmt: skip


def judge(handler: Handler, body: dict[str, Any]) -> None:
    """Likes steps with "good"; gives log-probabilities where they are asked for."""
    told = "\n".join(each["content"] for each in body["messages"] if each["role"] == "user")
    steps = re.findall(r"(good|bad) \w+", told)
    if "top_logprobs" not in body:
        handler.send(200, json.dumps(completion(f"I looked at {steps or 'it'}.")))
        return
    likely = [{"token": "Yes", "logprob": -0.1}, {"token": "No", "logprob": -2.4}]
    if steps[-1] == "bad":
        likely = [{"token": "Yes", "logprob": -2.4}, {"token": "No", "logprob": -0.1}]
    content = [{"token": "Yes", "logprob": -0.1, "top_logprobs": likely}]
    handler.send(200, json.dumps(completion("Yes", logprobs={"content": content})))


@pytest.fixture
def model(script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:  # noqa: F811
    """The verifier role's endpoint, in an empty project."""
    monkeypatch.chdir(tmp_path)
    script.answers = [judge]
    (tmp_path / "pelagos.toml").write_text(f'[models]\nverifier = "openai:some-7b@{script.url}"\nretries = 0\n')
    return script


def run(*args: str) -> str:
    done = CliRunner().invoke(verifier_app, args)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout


def write(name: str, value: Any) -> str:
    Path(name).write_text(json.dumps(value))
    return name


def test_list_tells_the_kinds() -> None:
    rows = json.loads(run("list", "--json"))["kinds"]
    assert {row["kind"] for row in rows} >= {"off", "direct", "genprm", "prefix", "ensemble", "genprm-checkpoint"}
    assert all(row["about"] for row in rows)
    assert "executed in the sandbox" in run("list")


def test_solutions_are_ranked_with_their_weakest_step_and_raw_scores_are_kept(model: Script) -> None:
    shown = run("score", write("s.json", SOLUTIONS), "--out", "raw.json")
    lines = [line.split() for line in shown.splitlines() if line.strip()]
    assert [line[:2] for line in lines[2:4]] == [["1", "2"], ["2", "1"]]
    assert lines[3][3:] == ["2", "(0.09112)", "bad", "b"]
    raw = json.loads(Path("raw.json").read_text())
    assert (raw["verifier"], raw["aggregate"]) == ("direct", "min")
    assert [row["rank"] for row in raw["solutions"]] == [2, 1]
    assert raw["solutions"][0]["scores"] == pytest.approx([0.9089, 0.0911], abs=1e-3)
    assert raw["solutions"][0]["usage"]["read"] == 20


def test_reasons_are_shown_and_stored(model: Script) -> None:
    shown = run("score", write("s.json", SOLUTIONS), "--verifier", "genprm:checks=off,votes=2", "--out", "raw.json")
    assert "its reason" in shown
    assert "I looked at" in shown
    first = json.loads(Path("raw.json").read_text())["solutions"][0]
    assert (len(first["votes"]), len(first["reasons"])) == (2, 2)


def test_an_evaluation_goes_on_and_other_thresholds_ask_nothing(model: Script) -> None:
    file = write("p.json", PROCESS)
    result = json.loads(run("eval", "processbench", file, "--out", "e", "--threshold", "0.5", "--json"))
    assert result["figures"]["F1"]["value"] == 1.0
    assert (result["verifier"], result["model"], result["problems"]) == ("direct", f"openai:some-7b@{model.url}", 8)
    asked = len(model.seen)
    rows = Path("e/scores.jsonl").read_bytes().splitlines(keepends=True)
    Path("e/scores.jsonl").write_bytes(b"".join(rows[:4]))
    again = run("eval", "processbench", file, "--out", "e", "--dev-share", "0.5", "--seed", "1")
    assert "threshold 0.5, tuned on 4 other problems" in again
    assert len(model.seen) == asked  # what the file lost is in the ledger
    assert len(Path("e/scores.jsonl").read_bytes().splitlines()) == 9
    assert len(json.loads(Path("e/result.json").read_text())["tuned_on"]) == 4
    with pytest.raises(
        BadInput, match=r"scores.jsonl: holds scores made with a different verifier: name another --out"
    ):
        run("eval", "processbench", file, "--out", "e", "--verifier", "off")


def test_prmbench_is_evaluated_by_kind(model: Script) -> None:
    items = [
        {"idx": f"p{number}", "modified_question": "Pens?", "modified_process": ["good a", "bad b"], "error_steps": [2],
         "classification": kind}
        for number, kind in enumerate(["circular", "circular", "deception"])
    ]  # fmt: skip
    shown = run("eval", "prmbench", write("p.json", items), "--threshold", "0.5", "--limit", "3")
    assert re.search(r"PRMScore +1\.000", shown)
    assert re.search(r"circular +1\.000", shown)
    assert Path("verifier-eval/prmbench-direct/result.json").exists()


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("score", "none.json"), "none.json: can't be read: No such file"),
        (("score", "s.json", "--aggregate", "mini"), "--aggregate mini: unknown; did you mean 'min'?"),
        (("score", "s.json", "--verifier", "genpm"), "verifier 'genpm' is not known; did you mean 'genprm'?"),
        (("score", "s.json", "--out", "no/such/folder.json"), "--out no/such/folder.json: can't be written there"),
        (("score", "s.json", "--out", "/proc/x.json"), "--out /proc/x.json: can't be written there: "),
        (("eval", "processbench", "p.json", "--out", "/proc/x"), "--out /proc/x: can't be used: "),
        (
            ("eval", "processbench", "p.json", "--out", "p.json/x"),
            "--out p.json/x: can't be used: Not a directory; name",
        ),
        (("eval", "processbench", "p.json", "--out", "x" * 300), "can't be used: File name too long; name another"),
        (("eval", "processbench", "p.json", "--out", "run"), "--out run: is the folder of a run; name another"),
        (("eval", "processbench", "s.json"), "s.json: item 1: id: field required"),
        (("eval", "processbench", "p.json", "--out", "s.json"), "--out s.json: is no folder"),
        (("eval", "processbench", "p.json", "--verifier", "direct:x"), "verifier direct:x: direct takes no options"),
        (("score", "s.json", "--model", "openai:"), "model spec 'openai:': a model name must follow the colon"),
    ],
)
def test_bad_input_is_one_line_before_anything_is_asked(model: Script, args: tuple[str, ...], told: str) -> None:
    write("s.json", SOLUTIONS)
    write("p.json", PROCESS)
    Path("run").mkdir()
    write("run/run.json", {})
    with pytest.raises(BadInput) as refused:
        run(*args)
    assert told in refused.value.faults[0]
    assert not model.seen


def test_an_endpoint_that_is_away_loses_no_score(model: Script) -> None:
    file, calls = write("p.json", PROCESS), 0

    def ends(handler: Handler, body: dict[str, Any]) -> None:
        nonlocal calls
        calls += 1
        judge(handler, body) if calls <= 6 else handler.send(401, "no")

    model.answers = [ends]
    Path("pelagos.toml").write_text(Path("pelagos.toml").read_text() + "parallel = 1\n")
    with pytest.raises(ModelUnavailable):
        run("eval", "processbench", file, "--out", "e", "--threshold", "0.5")
    assert (
        len(Path("e/scores.jsonl").read_bytes().splitlines()) == 1 + 5
    )  # of two steps each; the first is the same in all
    model.answers = [judge]
    assert json.loads(run("eval", "processbench", file, "--out", "e", "--threshold", "0.5", "--json"))["problems"] == 8
