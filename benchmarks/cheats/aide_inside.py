"""Runs inside a jail: one program through AIDE's interpreter, as AIDE does. `python aide_inside.py SECONDS`.

The jail is there to protect the machine, not to judge: packages come from AIDE's own environment, data of packages
included.
"""

import importlib.util
import json
import sys
from pathlib import Path

SITE = Path("aide").resolve()
sys.path = [path for path in sys.path if "site-packages" not in path and "dist-packages" not in path]
sys.path.insert(0, str(SITE))


def main(seconds: int) -> None:
    spec = importlib.util.spec_from_file_location("aide_interpreter", SITE / "aide" / "interpreter.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["aide_interpreter"] = module
    spec.loader.exec_module(module)
    interpreter = module.Interpreter("work", timeout=seconds)
    result = interpreter.run(Path("program.py").read_text("utf-8"), reset_session=True)
    interpreter.cleanup_session()
    report = {"exception": result.exc_type, "output": "".join(result.term_out)[-2000:]}
    Path("told.json").write_text(json.dumps(report), "utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]))
