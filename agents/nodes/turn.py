"""Turn: closes a cycle and opens the next, or says that the loop is done: cycles used up, a plateau, or a stop.

The state forgets the cycle's ids here; the ledger keeps them.
"""

from __future__ import annotations

from agents.run import Run
from agents.state import State, Update


def turn(state: State, run: Run) -> Update:
    gained = len(state["winners"]) > state["supported_before"]
    barren = 0 if gained else state["barren"] + 1
    fresh: Update = {"attempt": 0, "proposed": "", "kept": [], "plans": [], "builds": None, "buying": {}}
    closed = {**fresh, "barren": barren, "supported_before": len(state["winners"])}
    if state["status"] != "running":
        return closed
    if state["cycle"] >= state["cycles"]:
        return {**closed, "status": "finished", "reason": f"{state['cycles']} cycles done"}
    if run.settings.loop.plateau and barren >= run.settings.loop.plateau:
        return {**closed, "status": "finished", "reason": f"plateau: {barren} cycles with nothing new supported"}
    return {**closed, "cycle": state["cycle"] + 1}
