"""Finds names that an honest experiment does not need: data sets with labels, processes, network, stack frames."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tools.code.audit.scan.source import Finding, Source

NAMES = {
    r"sklearn\.datasets(\._base)?\.(load_(digits|diabetes|iris|wine|breast_cancer|linnerud)|fetch_\w+)|mnist1d\b.*"
    r"|torchvision\.datasets\..+|datasets\.load_dataset|(tensorflow\.)?keras\.datasets\b.*|openml\b.*"
    r"|seaborn\.load_dataset|statsmodels(\.api)?\.datasets\b.*": "loads a packaged data set that has labels",
    r"os\.(system|popen|exec\w+|spawn\w+|posix_spawnp?|fork|forkpty)|pty\.\w+|runpy\.\w+": "starts another process",
    r"socket\.(?!gethostname$)\w+|urllib\.request\b.*|requests\.\w+|httpx\.\w+|http\.client\b.*|ftplib\b.*|aiohttp\b.*"
    r"|(requests|httpx|aiohttp)": "uses the network",
    r"ctypes\b.*|_ctypes\b.*|cffi\b.*": "reaches into the process's memory",
    r"sys\.(_getframe|_current_frames|settrace|setprofile|addaudithook)|inspect\.(stack|currentframe|trace"
    r"|getouterframes|getinnerframes)|gc\.get_(objects|referrers|referents)": "looks into the frames that run it",
    r"resource\.(setrlimit|prlimit)|os\.(setsid|setpgid|setpgrp|kill|killpg)"
    r"|faulthandler\.cancel_dump_traceback_later|os\.closerange|atexit\._\w+": "works on its own limits",
    r"(sandbox|pelagos|agents|tools|memory|scoring|(runner|trace|signs|describe|library|amounts|calls|naming|rates)_hook)"
    r"(\..+)?": "imports parts of Pelagos",
}
FRAME_ATTRIBUTES = frozenset({"f_back", "f_globals", "f_locals", "f_builtins", "tb_frame", "gi_frame"})
_PATTERNS = {re.compile(pattern): text for pattern, text in NAMES.items()}
_PELAGOS = "imports parts of Pelagos"


def find_forbidden_names(source: Source, own: frozenset[str]) -> Iterator[Finding]:
    """`own` are the names of the program's own modules, which may have any name."""
    for node, full in source.references():
        for pattern, text in _PATTERNS.items():
            if pattern.fullmatch(full) and not (text == _PELAGOS and full.partition(".")[0] in own):
                yield source.finding(node, f"{text}: {full}")
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and node.attr in FRAME_ATTRIBUTES:
            yield source.finding(node, f"looks into the frames that run it: {node.attr}")
    for call, full in source.calls():
        if full.startswith("subprocess.") and _starts_python(call, source):
            yield source.finding(call, f"starts Python or itself again: {full}")


def _starts_python(call: ast.Call, source: Source) -> bool:
    """Whether a call starts an interpreter or a program file; system commands such as `nproc` are allowed."""
    for node in ast.walk(call):
        if source.full(node) in {"sys.executable", "sys.argv"} or getattr(node, "id", "") == "__file__":
            return True
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = node.value.split()
            if any(word.endswith(".py") or re.fullmatch(r"(.*/)?python[\d.]*", word) for word in words):
                return True
    return False
