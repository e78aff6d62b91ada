"""Sources in their order, merged key by key; a fault is one line that says where and what is right."""

from pathlib import Path

import pytest

from pelagos.errors import BadInput
from pelagos.settings import Settings
from pelagos.settings_sources import load


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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[judge]\nmin_seeds = 9", "judge: min_seeds (9) is more than max_seeds (8): lower the one or raise the other"),
        ("[judge]\nmax_seeds = 2", "judge: min_seeds (3) is more than max_seeds (2)"),
        ("[loop]\nplans = 2\nplans_kept = 3", "loop: plans_kept (3) is more than plans (2)"),
        ("[screen]\nnear_tau = 0.9\nknown_tau = 0.5", "screen: near_tau (0.9) is more than known_tau (0.5)"),
        ("[caps]\nseconds = nan", "caps.seconds: Input should be a finite number"),
        ("[caps]\nusd = inf", "caps.usd: Input should be a finite number"),
        ("[caps]\nusd = -1", "caps.usd: Input should be greater than or equal to 0"),
        ("[caps]\ntokens = -5", "caps.tokens: Input should be greater than 0"),
        ("[caps]\nexperiments = 0", "caps.experiments: Input should be greater than 0"),
        ("[caps]\ndisk_mb = -1", "caps.disk_mb: Input should be greater than 0"),
        ("[judge]\nalpha = nan", "judge.alpha: Input should be"),
        ("[screen]\ntau = nan", "screen.tau: Input should be a finite number"),
        ("[models]\ntimeout_s = inf", "models.timeout_s: Input should be a finite number"),
        ("[literature.pause_s]\narxiv = -1", "literature.pause_s.arxiv: Input should be greater than or equal to 0"),
        ("[literature.pause_s]\narxiv = nan", "literature.pause_s.arxiv: Input should be a finite number"),
    ],
)
def test_settings_that_contradict_each_other_or_are_no_numbers_are_one_line(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(BadInput) as caught:
        load(_project(tmp_path, text))
    assert str(caught.value).startswith(f"pelagos.toml: {said}")
    assert len(str(caught.value).splitlines()) == 1


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


@pytest.mark.parametrize("text", ["'./tell.sh \"two words\" x'", "['./tell.sh', 'two words', 'x']"])
def test_a_command_is_one_string_or_a_list_of_words(text: str, tmp_path: Path) -> None:
    notify = load(_project(tmp_path, f"[notify]\ncommand = {text}\n")).notify
    assert notify.words == ["./tell.sh", "two words", "x"]


def test_a_command_may_be_one_string_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PELAGOS_NOTIFY__COMMAND", "notify-send done")
    assert load(tmp_path).notify.words == ["notify-send", "done"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("command = 'say \"x'", "notify.command: can't be split into words (no closing quotation)"),
        ("command = ['a', 3]", "notify.command: should be one string, or a list of words"),
        ("webhook = 'example.org/hook'", "notify.webhook: is no address"),
        ("webhook = 'file:///etc/passwd'", "notify.webhook: is no address"),
        ("webhook = 'http://h:99999/'", "notify.webhook: is no address"),
        ("webhook = 'http://[::1'", "notify.webhook: is no address"),
        ("webhook = '$A B'", "notify.webhook: after $ stands the name of an environment variable"),
        ("webhook = 'https://me:pa55word@h.org'", "notify.webhook: holds a user name"),
        ("hook = 'x'", "unknown key notify.hook; did you mean notify.webhook?"),
    ],
)
def test_a_notification_that_cannot_work_is_one_line_without_the_address(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(BadInput) as raised:
        load(_project(tmp_path, f"[notify]\n{text}\n"))
    assert str(raised.value).startswith(f"pelagos.toml: {fault}")
    assert len(raised.value.faults) == 1
    assert "pa55word" not in str(raised.value)
