"""Runs under another Python, with package `aideml`: for each line of code on its input, the seconds until its output.

The interpreter's file is loaded by itself: the package would bring every model client with it, and each run forks.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    package = importlib.util.find_spec("aide")
    assert package is not None
    assert package.submodule_search_locations
    path = Path(next(iter(package.submodule_search_locations))) / "interpreter.py"
    spec = importlib.util.spec_from_file_location("aide_interpreter", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["aide_interpreter"] = module
    spec.loader.exec_module(module)
    with tempfile.TemporaryDirectory() as folder:
        interpreter = module.Interpreter(folder, timeout=60)
        print("ready", flush=True)
        for line in sys.stdin:
            began = time.perf_counter()
            result = interpreter.run(line)
            seconds = time.perf_counter() - began
            assert "first" in "".join(result.term_out), result
            interpreter.cleanup_session()
            print(seconds, flush=True)


if __name__ == "__main__":
    main()
