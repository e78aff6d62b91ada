"""Labels that lie inside installed packages, and Pelagos itself, are out of reach of the code under test."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from pelagos.nouns import OutcomeKind
from sandbox import interpreter
from sandbox.protocol import Limits, Outcome, Sandbox, Spec

ROOMY = Limits(seconds=60, memory_mb=1000, pids=64)


@pytest.mark.skipif(find_spec("sklearn") is None, reason="scikit-learn isn't installed")
def test_shipped_labels_fail_and_the_libraries_work(best: Sandbox) -> None:
    code = """
        import os, sklearn, sklearn.datasets
        print("made", sklearn.datasets.make_classification(20)[0].shape)
        for name in ("load_digits", "load_diabetes", "load_iris", "load_wine", "load_breast_cancer", "load_linnerud"):
            try:
                getattr(sklearn.datasets, name)()
                print("LOADED", name)
            except (ImportError, OSError) as error:
                print("refused", name, error)
        for folder, _, files in os.walk(os.path.dirname(sklearn.__file__)):
            print(*(f"FOUND {folder}/{name}" for name in files if name.endswith((".csv", ".csv.gz", ".arff.gz"))))
    """
    done = best.run(Spec(["python", "-c", textwrap.dedent(code)], limits=ROOMY))
    assert done.kind is OutcomeKind.OK, done.log
    assert "made (20, 20)" in done.log and done.log.count("refused") == 6
    assert "LOADED" not in done.log and "FOUND" not in done.log


@pytest.mark.parametrize("module", ["mnist1d", "mnist1d.data", *interpreter.OWN])
def test_covered_packages_dont_import(best: Sandbox, module: str) -> None:
    done = best.run(Spec(["python", "-c", f"import {module}"]))
    assert done.kind is OutcomeKind.ERROR
    assert "ImportError" in done.log or "ModuleNotFoundError" in done.log


def test_no_path_leads_to_the_checkout(best: Sandbox) -> None:
    root = Path(interpreter.pelagos.__file__).resolve().parents[1]
    code = f"""
import os, sys
print(any("__editable__" in name and "pelagos" in name for name in sys.modules), len(sys.meta_path))
print(*(os.path.exists({str(root)!r} + name) for name in ("/pelagos", "/tasks", "/.git")))
"""
    assert best.run(Spec(["python", "-c", code])).log.splitlines()[-1] == "False False False"
    assert "True" not in best.run(Spec(["python", "-c", code])).log


def test_an_installed_pelagos_is_covered_package_by_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "lib" / "site-packages"
    for name in interpreter.OWN:
        (site / name).mkdir(parents=True)
        (site / name / "__init__.py").touch()
    monkeypatch.setattr(interpreter.pelagos, "__file__", str(site / "pelagos" / "__init__.py"))
    assert interpreter._own_tree() == [site / name for name in interpreter.OWN]


@pytest.mark.skipif(find_spec("statsmodels") is None, reason="statsmodels isn't installed")
@pytest.mark.slow
def test_a_parent_of_a_hollow_package_still_imports(best: Sandbox) -> None:
    code = "import statsmodels.api as sm; print(sm.OLS); sm.datasets.anes96"
    done = best.run(Spec(["python", "-c", code], limits=ROOMY))
    assert "OLS" in done.log and "carries labels" in done.log.splitlines()[-1]


def test_the_same_python_runs_inside_with_a_fixed_environment(execute: Callable[..., Outcome]) -> None:
    done = execute(
        """
        import os, sys
        print(sys.version.replace("\\n", ""))
        print(hash("pelagos"), sys.dont_write_bytecode, os.environ["OMP_NUM_THREADS"], sys.prefix)
        """
    )
    again = execute("print(hash('pelagos'))")
    version, rest = done.log.splitlines()
    assert version == sys.version.replace("\n", "")
    assert rest == f"{again.log} True 1 {sys.prefix}"
