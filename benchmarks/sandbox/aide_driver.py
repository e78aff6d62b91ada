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
    found = importlib.util.spec_from_file_location("aide_interpreter", path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules["aide_interpreter"] = module
    found.loader.exec_module(module)
    with tempfile.TemporaryDirectory() as folder:
        interpreter = module.Interpreter(folder, timeout=60)
        print("ready", flush=True)
        for line in sys.stdin:
            began = time.perf_counter()
            done = interpreter.run(line)
            took = time.perf_counter() - began
            assert "first" in "".join(done.term_out), done
            interpreter.cleanup_session()
            print(took, flush=True)


if __name__ == "__main__":
    main()
