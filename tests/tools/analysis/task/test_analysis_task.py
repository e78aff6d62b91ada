"""`load_task` checks the file, what it names, and the design against the data: one line per fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from pelagos.errors import BadInput, MissingPart
from tests.tools.analysis.task.folders import make_task_folder
from tools.analysis.task import task_data
from tools.analysis.task.analysis_task import load_task
from tools.analysis.task.task_data import open_task_data
from tools.registry import shipped_tasks
from tools.toolchain import Limited, Listed, Noted

ANALYSES = ("ad-csf", "nafld-plasma", "pbmc", "table")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_task_folder(tmp_path / "task")


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "task.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def faults(folder: Path) -> list[str]:
    with pytest.raises(BadInput) as failure:
        load_task(folder)
    return [line.removeprefix(f"{folder / 'task.yaml'}: ") for line in failure.value.faults]


def test_a_task_has_what_the_loop_asks_for(folder: Path) -> None:
    task = load_task(folder)
    assert isinstance(task, Limited) and isinstance(task, Listed) and isinstance(task, Noted)
    assert (task.metric.name, task.metric.min_effect, task.seeds) == ("partial correlation", 0.1, (0,))
    assert len(task.digest) == 64 and task.data == folder / "data" / "proteins.csv"


def test_the_digest_follows_the_data_not_the_layout(folder: Path) -> None:
    first = load_task(folder).digest
    edit(folder, "# Written by", "# Read by")
    assert load_task(folder).digest == first
    data = folder / "data" / "proteins.csv"
    data.write_text(data.read_text().replace("S01,", "S01,1", 1))
    assert load_task(folder).digest != first


def test_a_sound_task_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_task(folder)
    monkeypatch.setattr(task_data, "read_task_data", lambda task: pytest.fail("read again"))
    assert load_task(folder).notes[0] == "24 samples x 10 features, raw"


def test_every_fault_of_the_file_is_a_line(folder: Path) -> None:
    edit(folder, "kind: proteomics", "kind: pictures")
    edit(folder, "topic:", "topics:")
    lines = faults(folder)
    assert len(lines) == 3 and any(line.startswith("topics: unknown key; did you mean 'topic'") for line in lines)
    assert any(line.startswith("kind: ") and "write proteomics, table or cells" in line for line in lines)


def test_the_design_is_checked_against_the_data(folder: Path) -> None:
    edit(folder, 'group: "treatment"', 'group: "treatmant"')
    assert faults(folder) == ["design.group: no column 'treatmant' in the metadata; did you mean 'treatment'?"]
    edit(folder, 'group: "treatmant"', 'group: "treatment"')
    edit(folder, 'case: "treated"', 'case: "threated"')
    edit(folder, "  # time:", '  event: "age"\n  # time:')
    assert faults(folder) == [
        "design.case: 'treatment' has no level 'threated'; did you mean 'treated'?",
        "design.time: survival needs time and event; give both or neither",
    ]


def test_gene_sets_with_other_identifiers_are_refused(folder: Path) -> None:
    (folder / "own.gmt").write_text("glycolysis\tmine\tENSG1\tENSG2\n")
    edit(folder, "# gene_sets: gene-sets:reactome.gmt", "gene_sets: own.gmt")
    assert faults(folder)[0].startswith("gene_sets: unknown identifiers: 0 of 10 features (such as ALB, ALDOA, APOE)")
    (folder / "own.gmt").write_text("glycolysis\tmine\tPKM\tALDOA\n")
    assert load_task(folder).gene_sets == folder / "own.gmt"
    (folder / "own.gmt").write_text("glycolysis PKM\n")
    assert "not a GMT file" in faults(folder)[0]


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "data" / "meta.csv").unlink()
    assert faults(folder)[0].startswith("'data/meta.csv': no file")


@pytest.mark.parametrize("name", ANALYSES)
def test_shipped_tasks_are_sound_or_name_the_command(name: str) -> None:
    folder = shipped_tasks()[name]
    if name in ("ad-csf", "nafld-plasma"):
        with pytest.raises(MissingPart, match=f"`pelagos data get {name} .*gene-sets`"):
            load_task(folder)
    else:
        assert load_task(folder).name == name


def test_what_structures_the_samples_is_no_feature() -> None:
    data = open_task_data(load_task(shipped_tasks()["table"]))
    assert not {"fin", "week", "arrest"} & set(data.var_names) and {"age", "prio"} <= set(data.var_names)
    assert set(data.obs["fin"].cat.categories) == {"0", "1"} and set(data.obs["arrest"]) == {0.0, 1.0}
