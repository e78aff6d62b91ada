"""Carries out free code inside the sandbox, where this file is imported like any tool's. `specs` describes the two."""

from typing import Any


def run_python(data: Any, code: str) -> Any:
    """Carry out code that leaves a statistics table in `result`. `data` is an AnnData."""
    return _carry_out(data, code)


def transform_python(data: Any, code: str) -> Any:
    """Carry out code that leaves the changed data in `result`. Raises TypeError where it leaves something else, and
    ValueError where samples or metadata changed."""
    columns, samples = sorted(data.obs), list(data.obs_names)
    before = data.obs.copy()
    result = _carry_out(data, code)
    if type(result).__name__ != "AnnData":
        raise TypeError(f"the code leaves {type(result).__name__} in `result`; wanted the changed AnnData")
    if (
        list(result.obs_names) != samples
        or sorted(result.obs) != columns
        or not result.obs[before.columns].equals(before)
    ):
        raise ValueError("the code changed the samples or their metadata; it may change values and features only")
    return result


def _carry_out(data: Any, code: str) -> Any:
    import numpy as np
    import pandas as pd

    names: dict[str, Any] = {"data": data, "np": np, "pd": pd}
    exec(compile(code, "<free code>", "exec"), names)  # noqa: S102  this is the sandbox
    if "result" not in names:
        raise TypeError("the code leaves nothing in `result`")
    return names["result"]
