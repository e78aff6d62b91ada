"""Tools as a user of langchain writes them."""

import os
import time

from langchain_core.tools import tool


@tool
def weigh(grams: float, spoons: int = 1) -> str:
    """Weigh spoons of something."""
    return f"{grams * spoons:g} g, {sorted(os.environ)}"


@tool
def sleep(seconds: float) -> str:
    """Sleep."""
    time.sleep(seconds)
    return "awake"


both = [weigh, sleep]
plain = len
