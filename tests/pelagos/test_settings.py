"""Sources in their order, merged key by key; a fault is one line that says where and what is right."""

from pathlib import Path

import pytest

from pelagos.errors import BadInput
from pelagos.settings import Settings, load


def _project(folder: Path, text: str) -> Path:
    (folder / "pelagos.toml").write_text(text)
    return folder


def test_an_option_changes_only_its_own_key(tmp_path: Path) -> None:
    settings = load(_project(tmp_path, "[loop]\nhypotheses = 7\nattempts = 3\n"), loop={"attempts": 5})
    assert (settings.loop.hypotheses, settings.loop.attempts) == (7, 5)


def test_file_below_environment_below_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = _project(tmp_path, "seed = 1\n[loop]\nattempts = 1\ntries = 1\nplans = 1\n")
    monkeypatch.setenv("PELAGOS_LOOP__ATTEMPTS", "2")
    monkeypatch.setenv("PELAGOS_LOOP__TRIES", "2")
    settings = load(project, loop={"tries": 3})
    assert (settings.seed, settings.loop.plans, settings.loop.attempts, settings.loop.tries) == (1, 1, 2, 3)


def test_two_projects_do_not_leak_into_each_other(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert load(_project(tmp_path / "a", "seed = 4\n")).seed == 4
    assert load(tmp_path / "b").seed == 0


def test_built_directly_it_reads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(_project(tmp_path, "seed = 4\n"))
    monkeypatch.setenv("PELAGOS_SEED", "5")
    assert Settings().seed == 0


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[loop]\nattempt = 3\n", ["pelagos.toml", "unknown key loop.attempt", "did you mean loop.attempts?"]),
        ("[lopo]\nattempts = 3\n", ["pelagos.toml", "unknown key lopo", "did you mean loop?"]),
        ("[loop]\nattempts = 0\n", ["pelagos.toml", "loop.attempts", "greater than or equal to 1"]),
        ("[loop\n", ["pelagos.toml", "not TOML"]),
    ],
)
def test_a_fault_is_one_line(tmp_path: Path, text: str, parts: list[str]) -> None:
    with pytest.raises(BadInput) as caught:
        load(_project(tmp_path, text))
    assert len(caught.value.faults) == 1
    assert "\n" not in caught.value.faults[0]
    assert all(part in caught.value.faults[0] for part in parts)


def test_the_fault_names_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PELAGOS_JUDGE__ALPHA", "2")
    with pytest.raises(BadInput, match=r"^environment: judge\.alpha"):
        load(tmp_path)
    monkeypatch.delenv("PELAGOS_JUDGE__ALPHA")
    with pytest.raises(BadInput, match=r"^command line: loop\.workers"):
        load(tmp_path, loop={"workers": -1})


def test_a_role_has_one_model_or_several_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = _project(tmp_path, '[models]\ndefault = "embedded"\ncoder = ["openai:a@http://h/v1", "embedded"]\n')
    models = load(project).models
    assert (models.spec("coder"), models.specs("coder")) == (
        "openai:a@http://h/v1",
        ["openai:a@http://h/v1", "embedded"],
    )
    assert (models.spec("planner"), models.specs("planner")) == ("embedded", ["embedded"])
    monkeypatch.setenv("PELAGOS_MODELS__PLANNER", "openai:p")
    monkeypatch.setenv("PELAGOS_MODELS__VERIFIER", '["openai:v", "openai:w"]')
    models = load(project).models
    assert (models.specs("planner"), models.specs("verifier")) == (["openai:p"], ["openai:v", "openai:w"])


@pytest.mark.parametrize("value", ["[]", "5", "[5]"])
def test_a_model_that_is_no_text_is_one_line(value: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"pelagos.toml: models.coder") as raised:
        load(_project(tmp_path, f"[models]\ncoder = {value}\n"))
    assert len(raised.value.faults) == 1
