"""Pretending: other clocks, other modules, another evaluator."""

from __future__ import annotations

import dataclasses

from pelagos.nouns import OutcomeKind as Kind
from tests.sandbox.escapes.table import LIMITS, Escape

PRETENCE = [
    Escape(
        "time patched",
        "stop the clocks of its own Python, so that no limit seems to pass",
        """
        print("PATCHED", flush=True)
        sleep = time.sleep
        for name in ("time", "monotonic", "perf_counter", "process_time", "sleep"):
            setattr(time, name, lambda *_: 0.0)
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        while True:
            sleep(0.1)
        """,
        kinds=(Kind.TIMEOUT,),
        cause="still running after|of processor time",
        said="PATCHED",
        limits=dataclasses.replace(LIMITS, seconds=1.5),
        slow=True,
    ),
    Escape(
        "modules that look like others",
        "leave modules named like the library's own, where the next Python would find them",
        """
        for name in ("sitecustomize", "usercustomize", "json", "numpy", "os", "sandbox"):
            for place in (".", "/tmp", "/dev/shm", os.path.expanduser("~")):
                open(f"{place}/{name}.py", "w").write(f"open({W['open'] + '/written'!r}, 'w').write('{name}')")
        os.environ["PYTHONPATH"] = "/tmp"
        subprocess.run([sys.executable, "-c", "import json"])
        """,
    ),
    Escape(
        "the evaluator patched",
        "import what scores it and change it",
        """
        for name in ("sandbox.evaluation.evaluator", "sandbox.evaluation.scoring", "sandbox.evaluation.metrics", "tools.code.execution.experiments", "app.main"):
            try:
                module = __import__(name, fromlist=["x"])
            except ImportError:
                continue
            got(name, module.__file__)
        """,
    ),
    Escape(
        "its own grade",
        "write scores and reports where somebody may read them as the truth",
        """
        os.makedirs("out", exist_ok=True)
        for name in ("result.json", "out/result.json", "out/score.json", "/tmp/result.json", "/job/out/metrics.json"):
            try:
                open(name, "w").write('{"score": 1.0, "replicates": [], "guards": {}}')
            except OSError:
                pass
        """,
        collect={"out/score.json": 1000},
    ),
]
