"""Kinds by spec and by entry point; what is wrong with either is one line."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

import pytest

from agents.verifiers import registry
from agents.verifiers.language.checks import CheckOutcome
from agents.verifiers.parts import Parts
from agents.verifiers.protocol import Verifier
from agents.verifiers.registry import check_spec, choose_spec, open_verifier
from pelagos import plugins
from pelagos.errors import BadInput, MissingPart
from pelagos.settings import Settings
from tests.agents.verifiers.language.scripted import ScriptedModel


def opened(spec: str, **verifiers: Any) -> Verifier:
    model = ScriptedModel(lambda *_: "fine", lambda _: 0.5)
    check = lambda *_: CheckOutcome(True, "")  # noqa: E731
    parts = Parts(lambda: model, check, Settings(verifiers=verifiers), lambda: pytest.fail("nothing is recorded"))  # type: ignore[arg-type,return-value]
    return open_verifier(spec, parts)


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("off", "off"),
        (" direct ", "direct"),
        ("genprm", "genprm:votes=1,checks=on"),
        ("genprm:votes=4, checks=off", "genprm:votes=4,checks=off"),
        ("prefix:votes=2", "prefix:votes=2"),
        ("genprm:tokens=512", "genprm:votes=1,checks=on"),
        ("genprm:tokens=2048", "genprm:votes=1,checks=on,tokens=2048"),
        ("prefix:tokens=99", "prefix:votes=1,tokens=99"),
        ("ensemble:direct+genprm:votes=2", "ensemble:direct+genprm:votes=2,checks=on"),
        ("ensemble-min:direct+off", "ensemble-min:direct+off"),
        ("genprm-checkpoint:GenPRM-7B@http://127.0.0.1:1/v1,votes=3", "genprm-checkpoint:GenPRM-7B,votes=3,checks=on"),
    ],
)
def test_a_spec_opens_its_kind(spec: str, name: str) -> None:
    assert opened(spec).name == name


def test_settings_hold_where_the_spec_says_nothing() -> None:
    assert opened("genprm", votes=3, checks=False).name == "genprm:votes=3,checks=off"
    assert opened("genprm:checks=on", votes=3, checks=False).name == "genprm:votes=3,checks=on"


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("genpm", "verifier 'genpm' is not known; did you mean 'genprm'?"),
        ("", "verifier '' is not known; known: checkpoint, direct, ensemble, "),
        ("genprm:vote=2", "verifier genprm:vote=2: no option 'vote'; did you mean 'votes'?"),
        ("genprm:votes", "verifier genprm:votes: 'votes' is no option: write votes=VALUE"),
        ("genprm:votes=0", "verifier genprm:votes=0: votes is '0': write a whole number of at least 1"),
        (f"genprm:votes={'9' * 5_000}", "verifier genprm:votes=999"),
        ("genprm:votes=1000000", "verifier genprm:votes=1000000: votes is '1000000': write a whole number"),
        ("genprm:votes=two", "verifier genprm:votes=two: votes is 'two': write a whole number"),
        ("genprm:votes=1,votes=2", "verifier genprm:votes=1,votes=2: votes is given twice: leave one out"),
        ("genprm:checks=yes", "verifier genprm:checks=yes: checks is 'yes': write on or off"),
        ("direct:votes=2", "verifier direct:votes=2: direct takes no options: write direct"),
        ("checkpoint:", "verifier checkpoint: name a repository or a folder: checkpoint:Qwen/Qwen2.5-Math-PRM-7B"),
        ("ensemble:direct", "verifier ensemble:direct: name two or more, joined by +"),
        ("ensemble:direct+genpm", "verifier 'genpm' is not known; did you mean 'genprm'?"),
        (
            "genprm-checkpoint:G@http://127.0.0.1:1/v1,tokenizer=no/such",
            "verifier genprm-checkpoint: tokenizer=no/such: no tokenizer_config.json there: name its folder",
        ),
        (
            "genprm-checkpoint:GenPRM-7B",
            "verifier genprm-checkpoint:GenPRM-7B: name the model and the server's address",
        ),
    ],
)
def test_a_bad_spec_is_one_line(spec: str, told: str) -> None:
    with pytest.raises(BadInput) as refused:
        opened(spec)
    assert str(refused.value).startswith(told)
    assert "\n" not in str(refused.value)
    with pytest.raises(BadInput):
        check_spec(spec, Settings())


def broken(argument: str, parts: Parts) -> Verifier:
    raise RuntimeError("no card")


class Nameless:
    def score(self) -> None: ...


def nameless(argument: str, parts: Parts) -> Nameless:
    return Nameless()


def echoing(argument: str, parts: Parts) -> Verifier:
    made = open_verifier("off", parts)
    made.name = argument  # type: ignore[misc]
    return made


def test_plug_ins_come_by_entry_point_and_a_broken_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    here = "tests.agents.verifiers.test_registry"
    values = {
        "mine": f"{here}:echoing",
        "bad": f"{here}:broken",
        "gone": "no_such:x",
        "odd": f"{here}:nameless",
        "off": "no_such:y",
    }
    points = [EntryPoint(name, value, registry.GROUP) for name, value in values.items()]
    monkeypatch.setattr(plugins, "entry_points", lambda group: points if group == registry.GROUP else [])
    assert opened("mine:some argument").name == "some argument"
    assert opened("off").name == "off"  # no plug-in shadows a shipped kind
    for spec, told in {
        "bad": "RuntimeError: no card",
        "gone": "ModuleNotFoundError: No module named 'no_such'",
        "odd": "lacks name; see agents/verifiers/protocol.py",
    }.items():
        with pytest.raises(MissingPart, match=rf"^verifier '{spec}' \({values[spec]}\) .*{told}"):
            opened(spec)


def test_auto_asks_a_strong_model_alone() -> None:
    assert (choose_spec("auto", strong=True), choose_spec("auto", strong=False)) == ("direct", "off")
    assert choose_spec("genprm", strong=False) == "genprm"
