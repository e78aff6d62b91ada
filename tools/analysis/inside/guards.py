"""Checks made on the data before every call, whatever the tool checks itself: states, missing values, log scale."""

from typing import Any

MAX_LOG2 = 64.0  # intensities stay below 2**64


def states_of(data: Any) -> set[str]:
    return {str(state) for state in data.uns.get("states", [])}


def with_states(data: Any, states: set[str]) -> Any:
    data.uns["states"] = sorted(states)
    return data


def check_data(call: dict[str, Any], data: Any) -> None:
    """Raise ValueError, one line, where the data are not in the state that the tool needs."""
    states = states_of(data)
    if lacking := sorted(set(call["requires"]) - states):
        raise ValueError(f"{call['tool']} needs data that are {', '.join(lacking)}; they are {_list(states)}")
    if refused := sorted(set(call["refuses"]) & states):
        raise ValueError(f"{call['tool']} refuses data that are {', '.join(refused)}")
    if not data.var_names.is_unique:
        raise ValueError("feature ids are not unique: give each feature an id of its own")
    if not data.obs_names.is_unique:
        raise ValueError("sample ids are not unique: give each sample an id of its own")
    if call["refuses_missing"] and (missing := count_missing(data)):
        raise ValueError(f"{call['tool']} refuses missing values: {missing} of {data.n_obs * data.n_vars} are missing")
    if "log2" in states and "scaled" not in states and (largest := _largest(data)) > MAX_LOG2:
        raise ValueError(f"the data are said to be log2, but the largest value is {largest:g}: take log2 first")


def count_missing(data: Any) -> int:
    import numpy as np

    values = data.X.data if hasattr(data.X, "tocsr") else np.asarray(data.X)
    return int(np.isnan(values).sum())


def summarise(data: Any) -> dict[str, float]:
    cells = max(data.n_obs * data.n_vars, 1)
    return {"samples": data.n_obs, "features": data.n_vars, "missing": count_missing(data) / cells}


def _largest(data: Any) -> float:
    import numpy as np

    values = data.X.data if hasattr(data.X, "tocsr") else np.asarray(data.X)
    finite = values[np.isfinite(values)]
    return float(finite.max()) if finite.size else 0.0


def _list(states: set[str]) -> str:
    return ", ".join(sorted(states)) or "in no known state"
