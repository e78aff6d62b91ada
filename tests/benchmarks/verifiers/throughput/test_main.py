from __future__ import annotations

import sys

import pytest

from benchmarks.verifiers.throughput.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["head"], "no such part: head; there are heads, generative"),
        (["--problems", "0"], "--problems 0: should be at least 1"),
        (["--its-hub", "nowhere"], "--its-hub nowhere: No module named 'its_hub': install it there: pip install"),
    ],
)
def test_a_wrong_argument_is_one_line(
    arguments: list[str], line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert line in capsys.readouterr().err.splitlines()[-1]
