from __future__ import annotations

from pathlib import Path

from memory.files import live_logs
from memory.files.live_logs import read_live_logs, remove_live_logs, write_live_log
from tests.disks import small_disk


def test_watchers_see_whole_lines_while_it_runs_and_nothing_afterwards(tmp_path: Path) -> None:
    with write_live_log(tmp_path, "one", {"seed": 1}, print) as tell:
        tell("epoch 1")
        tell("caf\u00e9 \udc80")
        [log] = read_live_logs(tmp_path, 10)
        assert log.about == {"seed": 1}
        assert log.lines == ["epoch 1", "caf\u00e9 ?"]
    assert read_live_logs(tmp_path, 10) == []


def test_only_the_newest_lines_of_a_long_log_are_read(tmp_path: Path) -> None:
    with write_live_log(tmp_path, "one", {}, print) as tell:
        for number in range(5_000):
            tell(f"line {number}")
        [log] = read_live_logs(tmp_path, 3)
        assert log.lines == ["line 4997", "line 4998", "line 4999"]
        [log] = read_live_logs(tmp_path, 100_000)
        assert sum(map(len, log.lines)) < live_logs.TAIL_BYTES
        assert log.lines[0].startswith("line ")


def test_what_is_not_a_live_log_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / live_logs.FOLDER).mkdir()
    for name, text in (("a", ""), ("b", "no json\nx\n"), ("c", "[]\n"), ("d", '{"about": {}, "began_at": null}\n')):
        (tmp_path / live_logs.FOLDER / name).write_text(text)
    assert read_live_logs(tmp_path, 10) == []


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / live_logs.FOLDER).mkdir()
    (tmp_path / live_logs.FOLDER / "left").write_text('{"about": {}, "began_at": 1}\n')
    assert len(read_live_logs(tmp_path, 10)) == 1
    remove_live_logs(tmp_path)
    assert read_live_logs(tmp_path, 10) == []


def test_a_full_disk_ends_the_copy_and_not_the_experiment(tmp_path: Path) -> None:
    said = list[str]()
    with small_disk(tmp_path / "disk", 1) as disk, write_live_log(disk.folder, "one", {}, said.append) as tell:
        tell("before")
        disk.fill()
        for _ in range(2_000):
            tell("x" * 100)
        disk.free()
        written = (disk.folder / live_logs.FOLDER / "one").read_text().splitlines()
        assert written[1] == "before"
        assert len(written) < 100
    assert said == []


def test_a_log_that_cannot_be_written_is_said_once_and_the_experiment_goes_on(tmp_path: Path) -> None:
    (tmp_path / live_logs.FOLDER).write_text("a file in its place")
    said = list[str]()
    with write_live_log(tmp_path, "one", {}, said.append) as tell:
        tell("epoch 1")
        tell("epoch 2")
    assert len(said) == 1
    assert "can't be shown live" in said[0]
