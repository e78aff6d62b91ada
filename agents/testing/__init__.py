"""For authors of plug-ins: a scripted model, a context, a scripted loop, and a conformance check per protocol.

What is demanded is read off the protocols themselves. Each check returns what to mend, a line each; none where all is
sound. It lives in `agents`, the lowest room that may import all four protocols.
"""

from agents.testing.context import ScriptedContext
from agents.testing.loop import run_loop
from agents.testing.sandbox import check_sandbox
from agents.testing.scripted_model import ScriptedModel
from agents.testing.source import check_source
from agents.testing.toolchain import check_toolchain
from agents.testing.verifier import check_verifier, make_parts

__all__ = [
    "ScriptedContext",
    "ScriptedModel",
    "check_sandbox",
    "check_source",
    "check_toolchain",
    "check_verifier",
    "make_parts",
    "run_loop",
]
