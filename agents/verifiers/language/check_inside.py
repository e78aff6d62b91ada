"""Runs a verifier's check inside the sandbox, in the names that the earlier checks of the same solution had defined.

Earlier checks are executed again with their output dropped: a sandbox start holds one check, no interpreter lives on.
An assertion that fails is a finding, so the check counts as run; any other exception is reported and ends with 1.
"""

import contextlib
import io
import json
import sys
import traceback

with open("checks.json", encoding="utf-8") as file:  # noqa: PTH123 - few imports: it starts for every check
    *earlier, check = json.load(file)
names = {"__name__": "__main__"}
for code in earlier:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception, SystemExit):
        exec(compile(code, "earlier", "exec"), names)  # noqa: S102 - this is the sandbox
try:
    exec(compile(check, "check", "exec"), names)  # noqa: S102
except AssertionError as error:
    print(f"assertion failed: {error}")
except Exception as error:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "check"]
    place = f" (line {lines[-1]})" if lines else ""
    print(f"{type(error).__name__}: {error}{place}")
    sys.exit(1)
