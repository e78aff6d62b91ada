"""Labels in installed packages, and Pelagos itself, are out of reach of the tested code."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import textwrap
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from pelagos.errors import SandboxError
from pelagos.nouns import OutcomeKind
from sandbox.host import host_view
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
    outcome = best.run(Spec(["python", "-c", textwrap.dedent(code)], limits=ROOMY))
    assert outcome.kind is OutcomeKind.OK, outcome.log
    assert "made (20, 20)" in outcome.log and outcome.log.count("refused") == 6
    assert "LOADED" not in outcome.log and "FOUND" not in outcome.log


@pytest.mark.parametrize("module", ["mnist1d", "mnist1d.data", *host_view.OWN_PACKAGES])
def test_covered_packages_dont_import(best: Sandbox, module: str) -> None:
    outcome = best.run(Spec(["python", "-c", f"import {module}"]))
    assert outcome.kind is OutcomeKind.ERROR
    assert "ImportError" in outcome.log or "ModuleNotFoundError" in outcome.log


def test_no_path_leads_to_the_checkout(best: Sandbox) -> None:
    root = Path(host_view.pelagos.__file__).resolve().parents[1]
    code = f"""
import os, sys
print(any("__editable__" in name and "pelagos" in name for name in sys.modules), len(sys.meta_path))
print(*(os.path.exists({str(root)!r} + name) for name in ("/pelagos", "/tasks", "/.git")))
"""
    assert best.run(Spec(["python", "-c", code])).log.splitlines()[-1] == "False False False"
    assert "True" not in best.run(Spec(["python", "-c", code])).log


def test_an_installed_pelagos_is_covered_package_by_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "lib" / "site-packages"
    for name in host_view.OWN_PACKAGES:
        (site / name).mkdir(parents=True)
        (site / name / "__init__.py").touch()
    monkeypatch.setattr(host_view.pelagos, "__file__", str(site / "pelagos" / "__init__.py"))
    assert host_view._own_tree() == [site / name for name in host_view.OWN_PACKAGES]


@pytest.mark.skipif(find_spec("statsmodels") is None, reason="statsmodels isn't installed")
@pytest.mark.slow
def test_a_parent_of_a_hollow_package_still_imports(best: Sandbox) -> None:
    code = "import statsmodels.api as sm; print(sm.OLS); sm.datasets.anes96"
    outcome = best.run(Spec(["python", "-c", code], limits=ROOMY))
    assert "OLS" in outcome.log and "carries labels" in outcome.log.splitlines()[-1]


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


def test_links_are_followed_and_made_again_as_links(tmp_path: Path) -> None:
    (tmp_path / "real" / "lib").mkdir(parents=True)
    (tmp_path / "one").symlink_to("real")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    (tmp_path / "real" / "lib64").symlink_to("../one/lib")
    real, links = host_view.resolve_links(tmp_path / "two" / "lib64")
    assert real == tmp_path / "real" / "lib"
    assert links == [
        (str(tmp_path / "one"), str(tmp_path / "two")),
        ("real", str(tmp_path / "one")),
        ("../one/lib", str(tmp_path / "real" / "lib64")),
        ("real", str(tmp_path / "one")),
    ]
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(SandboxError, match="too many symbolic links"):
        host_view.resolve_links(tmp_path / "circle")


LINKED = """
import os, sys, sysconfig
from sandbox.backends.bubblewrap import Bubblewrap
from sandbox.protocol import Spec
base = sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix})
places = [os.path.join(place, "site-packages") for place in (base, os.path.realpath(base))]
code = f"import os, sys; print(sys.base_prefix, [os.listdir(place) for place in {places!r}])"
print(Bubblewrap(cgroups=False).run(Spec(["python", "-c", code])).log)
"""


def test_a_base_installation_behind_a_link_is_covered_at_both_paths(best: Sandbox, tmp_path: Path) -> None:
    """Its packages lie outside the virtual environment, so nothing of them is needed inside."""
    tmp_path.chmod(0o755)
    (tmp_path / "linked").symlink_to(sys.base_prefix)
    python = tmp_path / "linked" / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    subprocess.run([python, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    root = Path(host_view.pelagos.__file__).resolve().parents[1]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(root), sysconfig.get_path("purelib")])}
    done = subprocess.run([tmp_path / "venv" / "bin" / "python", "-c", LINKED], env=env, capture_output=True, text=True)
    assert done.stdout == f"{tmp_path / 'linked'} [['.keep'], ['.keep']]\n", done.stderr


def test_labels_stay_covered_where_the_environment_lies_in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `make setup` has it. The checkout isn't shown, so it covers nothing of the environment that is."""
    monkeypatch.setattr(host_view, "_own_tree", lambda: [Path(sys.prefix).resolve().parent])
    covered = host_view.masked_paths.__wrapped__()
    assert Path(sys.prefix).resolve().parent not in covered
    ours = [path for path in covered if Path(sys.prefix).resolve() in path.parents]
    assert any(
        path.as_posix().endswith("sklearn/datasets/data") or "sklearn/datasets" in path.as_posix() for path in ours
    )
