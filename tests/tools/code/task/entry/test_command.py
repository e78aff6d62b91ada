from __future__ import annotations

from pathlib import Path

import pytest

from pelagos.errors import BadInput
from tools.code.task.entry.command import Entry, parse_entry

REST = "--data {data} --out {out}"
ARGUMENTS = ["--data", "{data}", "--out", "{out}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"python train.py {REST}", Entry(ARGUMENTS, script="train.py")),
        (f"python3 ./train.py {REST}", Entry(ARGUMENTS, script="train.py")),
        (f"/usr/bin/python3.11 -u -W ignore a/train.py {REST}", Entry(ARGUMENTS, script="a/train.py", options=("-u", "-W", "ignore"))),
        (f"./train.py {REST}", Entry(ARGUMENTS, script="train.py")),
        (f"python -m package.module {REST}", Entry(ARGUMENTS, module="package.module")),
        (f"uv run train.py {REST}", Entry(ARGUMENTS, script="train.py")),
        (f"uv run --frozen --python 3.11 -m package.module {REST}", Entry(ARGUMENTS, module="package.module")),
        (f"poetry run python train.py {REST}", Entry(ARGUMENTS, script="train.py")),
        (f"env A=1 B='x y' python train.py {REST}", Entry(ARGUMENTS, script="train.py", environment={"A": "1", "B": "x y"})),
        (f"OMP_NUM_THREADS=1 D={{data}} python train.py {REST}", Entry(ARGUMENTS, script="train.py", environment={"OMP_NUM_THREADS": "1", "D": "{data}"})),
        (f'bash -c "A=1 python train.py {REST}"', Entry(ARGUMENTS, script="train.py", environment={"A": "1"})),
        (f"python train.py \\\n  {REST}\n", Entry(ARGUMENTS, script="train.py")),
        ("python train.py --name 'a; b'", Entry(["--name", "a; b"], script="train.py")),
        ("train-it --x 1", Entry(["--x", "1"], call="package.cli:main", name="train-it")),
        ("old-style", Entry([], call="package.old:run", name="old-style")),
    ],
)  # fmt: skip
def test_what_is_started(text: str, expected: Entry, tmp_path: Path) -> None:
    scripts = '[project.scripts]\ntrain-it = "package.cli:main"\n[tool.poetry.scripts]\nold-style = "package.old:run"\n'
    (tmp_path / "pyproject.toml").write_text(scripts)
    entry = parse_entry(text, tmp_path)
    assert vars(entry) == vars(expected)


def test_a_script_of_an_installed_package(tmp_path: Path) -> None:
    assert "pytest" in parse_entry("pytest --version", tmp_path).call


def test_placeholders_are_filled_last(tmp_path: Path) -> None:
    filled = parse_entry("D={data} python train.py {out} {seed}", tmp_path).filled(data="a b", out="o", seed=3)
    assert filled.environment == {"D": "a b"}
    assert filled.arguments == ["o", "3"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("python train.py --a 1 | tee log", "'|' needs a shell, one command is started; write 'python train.py --a 1'"),
        ("python train.py > log.txt", "write 'python train.py'"),
        ("cd src && python train.py {out}", "write 'python src/train.py {out}'"),
        ("python a.py && python b.py", "do what stands before it in the program and write 'python b.py'"),
        ("python a.py\npython b.py", "several commands"),
        ("pip install x; python train.py", "write 'python train.py'"),
        ('bash -c "python a.py; python b.py"', "write 'python b.py'"),
        ("python train.py --data $DATA", "write its value"),
        ("bash train.sh", "'train.sh' is a shell script"),
        ("bash", "starts a shell"),
        ("jupyter nbconvert --execute train.ipynb", "write 'python train.py --data {data}"),
        ("python train.ipynb", "is a notebook"),
        ("python -c 'print(1)'", "into a file, such as"),
        ("python -i train.py", "leave it out"),
        ("python", "no script after 'python'"),
        ("python -m", "no script after 'python'"),
        ("uv run --with pandas python train.py", "name packages under 'packages' and write 'python train.py'"),
        ("env -i python train.py", "without options"),
        ("CUDA_VISIBLE_DEVICES=0 python train.py", "limits: {gpus: 1}"),
        ("srun python train.py --a 1", "write 'python train.py --a 1'"),
        ("no-such-script", "does not exist in the sandbox; start with 'python'"),
        ("", "start with 'python'"),
        ("python 'train.py", "close its quotes"),
    ],
)
def test_what_cannot_be_taken_says_what_to_write(text: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as raised:
        parse_entry(text, tmp_path)
    assert len(raised.value.faults) == 1
    assert expected in raised.value.faults[0]
    assert "\n" not in raised.value.faults[0]
