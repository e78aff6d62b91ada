"""Tests a task's own packages with real wheels made here, real pip and a real sandbox, without network."""

from __future__ import annotations

import base64
import hashlib
import threading
import zipfile
from pathlib import Path

import pytest

from pelagos.errors import BadInput, DiskFull
from pelagos.nouns import OutcomeKind
from sandbox.host.host_view import mask_packages
from tests.disks import small_disk
from tests.tools.code.conftest import TASK, make_task
from tests.tools.world import World
from tools.code.task import packages
from tools.code.task.code_task import CodeTask, load_task
from tools.code.toolchain import CodeToolchain

LOCK = "requirements.lock"


def wheel(folder: Path, name: str, files: dict[str, str], version: str = "1.0") -> str:
    """Write a wheel into `folder`. Returns its line in a locked list."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    files = files | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{path},{_record(text)},{len(text.encode())}" for path, text in files.items()]
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in files.items():
            archive.writestr(inside, text)
        archive.writestr(f"{info}/RECORD", "\n".join([*rows, f"{info}/RECORD,,", ""]))
    return f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def _record(text: str) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that is pip's only index, with a separate cache."""
    folder = tmp_path / "wheels"
    for name, value in {
        "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": "/dev/null",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    return folder


def task_with(folder: Path, lock: str, uses: str = "") -> CodeTask:
    if not folder.exists():
        make_task(folder)
        program = folder / "fit.py"
        program.write_text(program.read_text().replace("def main():\n", f"def main():\n{uses}", 1))
    (folder / LOCK).write_text(lock)
    (folder / "task.yaml").write_text(TASK + f"packages: {LOCK}\n")
    return load_task(folder)


HASH = "--hash=sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("lock", "expected"),
    [
        (f"foo>=1.0 {HASH}", "line 1: 'foo>=1.0' is not pinned; write NAME==VERSION"),
        (f"foo {HASH}", "line 1: 'foo' is not pinned"),
        (f"# a list\nfoo==1.* {HASH}", "line 2: 'foo==1.*' is not pinned"),
        ("foo==1.0", "line 1: 'foo==1.0' has no '--hash=sha256:...'; write it with `pip-compile --generate-hashes`"),
        ("foo==1.0 --hash=md5:abc", "has no '--hash=sha256:...'"),
        (f"-r other.txt\nfoo==1.0 {HASH}", "line 1: '-r other.txt' is not a package with a version"),
        (f"foo @ https://example.org/foo.whl {HASH}", "is not a package with a version"),
        (f"foo==1.0 {HASH}\nFoo==2.0 {HASH}", "line 2: 'foo' is listed twice; keep one"),
        (f"foo==1.0 ; nonsense {HASH}", "has a condition that can't be read"),
        ("# nothing\n", "names no package"),
    ],
)
def test_a_bad_list_is_one_line_in_tasks_check(lock: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as raised:
        task_with(tmp_path / "lines", lock)
    (fault,) = raised.value.faults
    assert f"packages: {LOCK} " in fault
    assert expected in fault
    assert "\n" not in fault


def test_a_list_as_the_tools_write_it(tmp_path: Path) -> None:
    path = tmp_path / LOCK
    other = "--hash=sha256:" + "1" * 64
    path.write_text(
        f'# made by a tool\nFoo_Bar==1.0 ; python_version >= "3.11" \\\n    {other} \\\n    {HASH}\n    # via x\n'
    )
    (pin,) = packages.read_pins(path)
    assert (pin.name, pin.version, pin.marker) == ("foo-bar", "1.0", 'python_version >= "3.11"')
    assert pin.hashes == ("sha256:" + "0" * 64, "sha256:" + "1" * 64)


def test_a_missing_list(tmp_path: Path) -> None:
    make_task(tmp_path / "lines")
    (tmp_path / "lines" / "task.yaml").write_text(TASK + "packages: absent.lock\n")
    with pytest.raises(BadInput, match=r"packages: no file 'absent\.lock' in the task folder"):
        load_task(tmp_path / "lines")


def test_they_are_seen_inside_behind_the_shipped_ones(index: Path, tmp_path: Path, world: World) -> None:
    """A package that would shadow numpy does not do so."""
    lock = wheel(
        index, "pelaglib", {"pelaglib.py": "ANSWER = 42\n", "numpy/__init__.py": "raise ImportError('mine')\n"}
    )
    uses = "    import pelaglib\n    assert pelaglib.ANSWER == 42\n    assert not __import__('os').access(pelaglib.__file__, 2)\n"
    task = task_with(tmp_path / "lines", lock, uses)
    chain = CodeToolchain()
    chain.prepare(task, world)
    experiment = chain.experiment(task, chain.baseline(task, world), 1, "validation", world)
    assert experiment.outcome is OutcomeKind.OK, experiment.cause


def test_other_packages_are_another_experiment(index: Path, tmp_path: Path, world: World) -> None:
    ids = []
    for answer in (1, 2):
        lock = wheel(index, "pelaglib", {"pelaglib.py": f"ANSWER = {answer}\n"}, version=f"{answer}.0")
        task, chain = task_with(tmp_path / "lines", lock), CodeToolchain()
        chain.prepare(task, world)
        ids.append((task.digest, chain.experiment(task, chain.baseline(task, world), 1, "validation", world).id))
    assert len({digest for digest, _ in ids}) == len({id for _, id in ids}) == 2


@pytest.mark.parametrize("fault", ["absent", "hash"])
def test_what_cannot_be_had_is_one_line(fault: str, index: Path, tmp_path: Path) -> None:
    wheel(index, "pelaglib", {"pelaglib.py": "x = 1\n"})
    expected = {
        "absent": "pelaglib==9.9: no wheel for this Python and platform was found",
        "hash": "pelaglib==1.0: the file found has another hash than the list says",
    }[fault]
    task = task_with(tmp_path / "lines", f"pelaglib=={'9.9' if fault == 'absent' else '1.0'} {HASH}")
    with pytest.raises(BadInput) as raised:
        task.install()
    (line,) = raised.value.faults
    assert expected in line
    assert "task.yaml: packages: requirements.lock: " in line
    assert not [path for path in (tmp_path / "cache" / "pelagos" / "packages").iterdir() if path.suffix != ".lock"]


def test_installed_once_by_whoever_comes_first(index: Path, tmp_path: Path) -> None:
    task = task_with(tmp_path / "lines", wheel(index, "pelaglib", {"pelaglib.py": "x = 1\n"}))
    folders: list[Path | None] = []
    threads = [threading.Thread(target=lambda: folders.append(task.install())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(folders)) == 1
    assert len(folders) == 4
    folder = folders[0]
    assert folder is not None
    before = folder.stat().st_mtime_ns
    (index / "pelaglib-1.0-py3-none-any.whl").unlink()
    assert task.install() == folder
    assert folder.stat().st_mtime_ns == before


def test_labels_that_a_package_carries_are_covered(tmp_path: Path) -> None:
    for name in ("mnist1d/__init__.py", "mnist1d/labels.npy", "sklearn/datasets/data/iris.csv", "fine/__init__.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("labels")
    mask_packages(tmp_path)
    assert "raise ImportError" in (tmp_path / "mnist1d" / "__init__.py").read_text()
    assert [path.name for path in (tmp_path / "mnist1d").iterdir()] == ["__init__.py"]
    assert list((tmp_path / "sklearn/datasets/data").iterdir()) == []
    assert (tmp_path / "fine" / "__init__.py").read_text() == "labels"


def test_no_room_for_them_is_a_full_disk(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "x = '" + "a" * 3_000_000 + "'\n"
    task = task_with(tmp_path / "lines", wheel(index, "pelaglib", {"pelaglib.py": text}))
    with small_disk(tmp_path / "disk", 1) as disk:
        monkeypatch.setenv("XDG_CACHE_HOME", str(disk.folder))
        with pytest.raises(DiskFull):
            task.install()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert task.install() is not None
