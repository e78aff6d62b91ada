"""What of the host is seen inside: system libraries and this Python, read-only; and what of that is covered.

Installed packages carry labels (contract 2): scikit-learn ships its data sets, `mnist1d` draws its own from a
default seed. Such folders are covered, and so is Pelagos itself with its tasks. Covered is what the tables below
name; a package they don't know is not searched for data.
"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from functools import cache
from pathlib import Path

import pelagos

_COVERS = Path(__file__).with_name("covers")
OWN = ("pelagos", "agents", "tools", "sandbox", "memory", "app", "tasks")

# Few, since bubblewrap reads the whole mount table for each.
_SYSTEM = ("bin", "lib", "lib32", "lib64", "libx32", "libexec/gcc", "include", "share/zoneinfo")
_ETC = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime")
_PREFIX = ("bin", "lib", "lib64", "pyvenv.cfg")

# Relative to a site-packages folder. Importing one of these fails, and says why.
LABELS = (
    "sklearn/datasets/data",
    "sklearn/datasets/tests",
    "mnist1d",
    "mnist1d_*",
    "mnist",
    "emnist",
    "medmnist",
    "torchvision/datasets/data",
    "scipy/datasets/data",
    "sktime/datasets/data",
    "aeon/datasets/data",
    "mlxtend/data/data",
    "vega_datasets",
    "plotly/package_data/datasets",
    "bokeh/sampledata/_data",
    "pydataset",
    "palmerpenguins",
    "yellowbrick/datasets/fixtures",
    "tensorflow_datasets",
)
_FINDERS = ("__editable__*pelagos*", "pelagos*.pth")
# These are imported by their parents: they stay, without content.
HOLLOWED = ("statsmodels/datasets", "scanpy/datasets", "lifelines/datasets", "river/datasets")


@cache
def system_folders() -> tuple[list[Path], list[tuple[str, str]]]:
    """Folders to bind, and symbolic links (target, path) of the merged /usr to make again."""
    folders = [path for name in _SYSTEM if (path := Path("/usr") / name).is_dir() and not path.is_symlink()]
    links = [(str(path.readlink()), str(path)) for name in _SYSTEM if (path := Path("/usr") / name).is_symlink()]
    for name in ("bin", "lib", "lib32", "lib64", "libx32"):
        path = Path("/") / name
        if path.is_symlink():
            links.append((str(path.readlink()), str(path)))
        elif path.is_dir():
            folders.append(path)
    return folders + [Path(path) for path in _ETC if Path(path).exists()], links


@cache
def python_folders() -> tuple[list[Path], list[tuple[str, str]]]:
    """The same for the interpreter: the parts of its prefixes that it runs from, at the same paths."""
    folders: list[Path] = []
    links: list[tuple[str, str]] = []
    real = Path(sys.executable).resolve().parents[1]
    for prefix in dict.fromkeys([Path(sys.base_prefix), real, Path(sys.prefix)]):
        for name in _PREFIX:
            path = prefix / name
            if path.is_symlink():
                links.append((str(path.readlink()), str(path)))
            elif path.exists():
                folders.append(path)
    system = {str(folder) for folder in system_folders()[0]}
    return [folder for folder in folders if str(folder) not in system], links


@cache
def covered() -> list[Path]:
    """Every path inside those folders that must not be seen: labels, editable finders, Pelagos and its tasks."""
    hidden: set[Path] = set()
    for site in _sites():
        hidden |= {found for pattern in (*LABELS, *HOLLOWED) for found in site.glob(pattern)}
        hidden |= {found for pattern in _FINDERS for found in site.glob(pattern)}
    hidden |= {path for path in _own_tree() if _visible(path)}
    return sorted(path for path in hidden if not any(above in hidden for above in path.parents))


def cover_of(path: Path, package: bool | None = None) -> Path:
    """What stands in for a covered path: a device for a file, an empty folder for a folder, for a package one that
    says why it refuses, or that still imports where its parent needs it."""
    if not path.is_dir():
        return Path(os.devnull)
    if not (package or (path / "__init__.py").is_file()):
        return _COVERS / "empty"
    return _COVERS / ("hollow" if path.as_posix().endswith(HOLLOWED) else "refuses")


def mask(site: Path) -> None:
    """Cover a folder of installed packages in place: what carries labels goes, and says why when it is imported."""
    for pattern in (*LABELS, *HOLLOWED):
        for found in site.glob(pattern):
            if not found.is_dir():
                found.unlink()
                continue
            was_package = (found / "__init__.py").is_file()
            shutil.rmtree(found)
            found.mkdir()
            if was_package:
                shutil.copy(cover_of(found, package=True) / "__init__.py", found)


def _sites() -> set[Path]:
    """Every site-packages folder that is seen inside, this interpreter's and the system's."""
    own = {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    bases = {Path(prefix) / "lib" / version / "site-packages" for prefix in (sys.base_prefix, sys.prefix)}
    system = set(Path("/usr/lib").glob("python3*/*-packages"))
    if any(str(folder).startswith("/usr/local") for folder in python_folders()[0]):
        system |= set(Path("/usr/local/lib").glob("python3*/*-packages"))
    return {site.resolve() for site in own | bases | system if site.is_dir()}


def _own_tree() -> list[Path]:
    """A checkout is covered whole; an installation package by package, as others live beside it."""
    root = Path(pelagos.__file__).resolve().parents[1]
    if (root / "pyproject.toml").exists():
        return [root]
    return [root / name for name in OWN if (root / name).is_dir()]


def _visible(path: Path) -> bool:
    seen = [*system_folders()[0], *python_folders()[0]]
    return any(path == folder or folder in path.parents for folder in seen)


def translate(argv: list[str]) -> list[str]:
    """`python` means this interpreter."""
    return [sys.executable, *argv[1:]] if argv and argv[0] == "python" else argv


def environment(cpus: float, home: str, temporary: str) -> dict[str, str]:
    """A whole environment from nothing: fixed hash seed, thread counts that fit the allowance."""
    threads = str(max(round(cpus), 1))
    pools = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB", "NUMBA", "RAYON")
    return {f"{pool}_NUM_THREADS": threads for pool in pools} | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
        "HOME": home,
        "TMPDIR": temporary,
        "MPLCONFIGDIR": temporary,
        "MPLBACKEND": "Agg",
        "USER": "pelagos",
        "LOGNAME": "pelagos",
        "LANG": "C.UTF-8",
        "LOKY_MAX_CPU_COUNT": threads,
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONFAULTHANDLER": "1",
    }
