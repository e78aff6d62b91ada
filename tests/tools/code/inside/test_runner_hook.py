"""Tests the hooks in a plain child process, started as in the sandbox; the hooks themselves isolate nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.border.report import Report
from tests.tools.code.hook_process import start_hooks
from tools.code.coding import call_signatures, observed_calls
from tools.code.coding.structure import extract_structure
from tools.code.coding.traceback import find_stuck_line, parse_error, remove_launcher_lines
from tools.code.program.program import Program

HELPER = """\
import numpy as np

class Odd:
    def __repr__(self):
        raise RuntimeError("no repr")

def inner(a, odd):
    '''Add. a: (n, 2).'''
    return a + np.zeros(3)

def outer(a):
    '''Calls inner.'''
    return inner(a, Odd())
"""
MAIN = """\
import sys
import numpy as np
import helper

def work(n):
    '''n: int.'''
    return helper.outer(np.ones((n, 2)))

print(work(int(sys.argv[1])))
"""


def test_frames_of_helper_modules_are_kept_and_library_frames_dropped(tmp_path: Path) -> None:
    code, report, log = start_hooks(tmp_path, {"main.py": MAIN, "helper.py": HELPER}, "4")
    error = parse_error(report)
    assert code == 1
    assert error is not None
    assert [(f.file, f.function) for f in error.frames] == [
        ("main.py", "<module>"), ("main.py", "work"), ("helper.py", "outer"), ("helper.py", "inner"),
    ]  # fmt: skip
    assert error.frames[-1].source == "return a + np.zeros(3)"
    assert error.frames[-1].values["a"] == "ndarray float64 (4, 2)"
    assert "not shown" in error.frames[-1].values["odd"]
    assert "ValueError" in log
    assert "runner_hook" not in log


def test_local_structure_holds_the_fault_and_what_was_seen_there(tmp_path: Path) -> None:
    files = {"main.py": MAIN, "helper.py": HELPER}
    _, report, _ = start_hooks(tmp_path, files, "4")
    local = extract_structure(Program(files, ("main.py",)), parse_error(report), "main.py::work", 4000)
    assert local.address == "helper.py::inner"
    assert "return a + np.zeros(3)  # <-- the error is raised here" in local.text
    assert "a = ndarray float64 (4, 2)" in local.error_context
    assert "helper.py:13 in outer: " in local.error_context
    assert "Odd())" not in local.text
    assert "print(work" not in local.text


def test_structure_keeps_its_budget(tmp_path: Path) -> None:
    long = "def f():\n" + "    x = 1\n" * 3000 + "    return y\n"
    local = extract_structure(Program({"m.py": long}, ("m.py",)), None, "m.py::f", 1000)
    assert local.address == "m.py::f"
    assert len(local.text) < 1100


def test_shapes_calls_and_fingerprints(tmp_path: Path) -> None:
    main = MAIN.replace("helper.outer(np.ones((n, 2)))", "np.ones((n, 2))") + "if len(sys.argv) > 5:\n    np.sqrt(n)\n"
    code, report, _ = start_hooks(tmp_path, {"main.py": main, "helper.py": HELPER}, "4")
    assert code == 0
    function = observed_calls.collect_functions(report)["main.py::work"]
    assert observed_calls.format_shapes("main.py::work", {"main.py::work": function}).endswith(
        "work(n: int 4) -> ndarray float64 (4, 2)"
    )
    assert report.behaviour.calls == ["numpy.ones(shape=(4, 2))"]  # no run came to the last line
    assert not report.predictions
    (tmp_path / "b").mkdir()
    _, other, _ = start_hooks(
        tmp_path / "b", {"main.py": main.replace("np.ones(", "2 * np.ones("), "helper.py": HELPER}, "4"
    )
    assert observed_calls.behaves_differently(
        observed_calls.collect_fingerprints(report), observed_calls.collect_fingerprints(other)
    )
    assert not observed_calls.behaves_differently(
        observed_calls.collect_fingerprints(report), observed_calls.collect_fingerprints(report)
    )


@pytest.mark.parametrize(
    ("main", "kind"),
    [
        ("class E(Exception):\n    def __str__(self): raise E()\nraise E()", "E"),
        ("def f(): f()\nf()", "RecursionError"),
        ("import helper", "SyntaxError"),
        ("raise SystemExit('bad')", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise BaseExceptionGroup('many', [ValueError('one')])", "ExceptionGroup"),
        ("class E(AttributeError):\n    name = property(lambda s: 1 / 0)\nraise E()", "E"),
        ("class E(ImportError):\n    def __str__(self): raise OSError\nraise E()", "E"),
        ("class V:\n    def __getattribute__(s, n): raise OSError\nv = V()\nv.go(v())", "OSError"),
        ("class V:\n    def __getattribute__(s, n): raise AttributeError(name=n, obj=s)\nv = V()\nv.go()",
         "AttributeError"),
        ("x = [0] * 3\nx[0] = x\nraise ValueError(x)", "ValueError"),
        ("raise SyntaxError('m', ('f', 'x', 0, 3))", "SyntaxError"),
        ("raise SyntaxError('m', (3, True, 0, None))", "SyntaxError"),
        ("class V:\n    shape = (10**6000, True)\ndef f(v): raise ValueError(3)\nf(V())", "ValueError"),
        ("caf = 'caf\\udce9 \\ud800'\nraise ValueError(caf)", "ValueError"),
        ("class M(type):\n    def __getattribute__(c, n): raise OSError\nclass V(metaclass=M):\n"
         "    def __getattribute__(s, n): raise OSError\ndef f(v): raise ValueError(3)\nf(V())", "ValueError"),
    ],
)  # fmt: skip
def test_weird_ends_are_reported(main: str, kind: str, tmp_path: Path) -> None:
    code, report, _ = start_hooks(tmp_path, {"main.py": main, "helper.py": "def f(:\n"})
    error = parse_error(report)
    assert code != 0
    assert error is not None
    assert error.type == kind
    assert len(report.model_dump_json()) < 200_000


def test_exit_zero_is_no_error(tmp_path: Path) -> None:
    code, report, _ = start_hooks(tmp_path, {"main.py": "import sys\nsys.exit(0)"})
    assert code == 0
    assert parse_error(report) is None


def test_where_a_stuck_program_was(tmp_path: Path) -> None:
    text = "import time\ndef wait():\n    time.sleep(1.0)\nwait()\n"
    _, _, log = start_hooks(tmp_path, {"main.py": text}, seconds=0.3)
    assert find_stuck_line(log) == "it was at main.py line 3 in wait"
    assert find_stuck_line("nothing of the kind") == ""


LIBRARY = "import json\nfrom json import dumps as text\n\ndef own(a): return json.{name}({{}})\n\nown(text(1))\n"


def test_arguments_of_called_library_functions_are_told(tmp_path: Path) -> None:
    _, report, _ = start_hooks(tmp_path, {"main.py": LIBRARY.format(name="dumps")})
    signatures = report.libraries["main.py"]
    assert set(signatures) == {"json.dumps", "text"}
    comment = call_signatures.format_signatures("def own(a): return json.dumps({})", signatures)
    assert comment.startswith("# json.dumps(obj, *, skipkeys=False, ensure_ascii=True")
    assert "\n" not in comment


def test_arguments_are_told_where_a_call_failed(tmp_path: Path) -> None:
    main = LIBRARY.format(name="dumps").replace("({})", "({}, indentation=2)")
    _, report, _ = start_hooks(tmp_path, {"main.py": main})
    local = extract_structure(Program({"main.py": main}, ("main.py",)), parse_error(report), "main.py::own", 4000)
    assert "# json.dumps(obj, *, skipkeys=False" in local.error_context


@pytest.mark.parametrize(
    ("main", "line"),
    [
        (LIBRARY.format(name="dumb"), "AttributeError: module 'json' has no attribute 'dumb' (there is: dump, dumps)"),
        ("from json import loadz", "(there is: load, loads)"),
        ("class A: pass\nA().b", "AttributeError: 'A' object has no attribute 'b'"),
    ],
)
def test_names_that_exist_are_told_for_one_that_does_not(main: str, line: str, tmp_path: Path) -> None:
    error = parse_error(start_hooks(tmp_path, {"main.py": main})[1])
    assert error is not None
    assert error.line.endswith(line)


@pytest.mark.parametrize(
    "ending",
    [
        "import os, tempfile\nos.chdir(tempfile.gettempdir())",
        "import os\nos.remove('main.py')",
        "import sys\nclass M:\n    def __getattribute__(s, n): raise OSError\nsys.modules['odd'] = M()",
        "import sys, types\nsys.modules['odd'] = types.ModuleType('odd')\nsys.modules['odd'].__file__ = 3",
    ],
)
def test_a_program_that_ends_well_is_told_so_whatever_it_leaves(ending: str, tmp_path: Path) -> None:
    code, report, log = start_hooks(tmp_path, {"main.py": f"import json\njson.dumps(1)\n{ending}\n"})
    assert (code, report.error) == (0, None), log


def test_class_bodies_are_no_functions(tmp_path: Path) -> None:
    main = "class A:\n    WIDTH = 3\n\n    def f(self):\n        return self.WIDTH\n\n\nA().f()\n"
    _, report, _ = start_hooks(tmp_path, {"main.py": main})
    assert set(observed_calls.collect_functions(report)) == {"main.py::A.f"}


def test_the_programs_own_last_words_are_in_the_log(tmp_path: Path) -> None:
    code, report, log = start_hooks(tmp_path, {"main.py": "import sys\nsys.exit('no data')\n"})
    assert (code, log) == (1, "no data\n")  # as Python says it
    assert report.error is not None
    assert report.error.message == "no data"


def test_a_native_crash_says_where(tmp_path: Path) -> None:
    code, report, log = start_hooks(tmp_path, {"main.py": "import faulthandler\nfaulthandler._sigsegv()\n"})
    assert code < 0
    assert report == Report()
    assert "Segmentation fault" in log
    assert 'main.py", line 2' in log
    assert "runner_hook" in log
    assert "runner_hook" not in remove_launcher_lines(log)
    assert remove_launcher_lines(log).splitlines()[0] == log.splitlines()[0]


PACKAGE = {
    "src/package/__init__.py": "",
    "src/package/work.py": "import sys\nimport package\nfrom . import part\n\ndef main():\n    return sys.argv[1:] + part.x\n\n"
    "if __name__ == '__main__':\n    print('ran', main(), file=sys.stderr)\n",
    "src/package/part.py": "x = ['part']\n",
}


def test_a_module_of_a_src_layout(tmp_path: Path) -> None:
    code, report, log = start_hooks(tmp_path, PACKAGE, "one", script="", module="package.work")
    assert (code, log) == (0, "ran ['one', 'part']\n")
    assert "src/package/work.py::main" in report.trace.functions


def test_a_console_script_says_its_error_by_what_it_returns(tmp_path: Path) -> None:
    code, report, _ = start_hooks(tmp_path, PACKAGE, "one", script="", call="package.work:main", name="work")
    assert code == 1
    assert report.error is not None
    assert report.error.type == "SystemExit"
