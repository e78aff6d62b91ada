"""Runs inside the sandbox: carries out tool calls in order on one data set and writes what they left as JSON.

`python runner.py CONFIG.json`. A tool that raises ValueError refused the data; any other exception is an error of the
tool. The line `[call N] tool` in the log tells the host how far a run came that was killed.
"""

import importlib
import inspect
import json
import sys
import traceback
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import figures  # type: ignore[import-not-found]
import guards  # type: ignore[import-not-found]
import look  # type: ignore[import-not-found]
import rows  # type: ignore[import-not-found]
from permutation import permute_labels  # type: ignore[import-not-found]

STATISTICS = "statistics"


def main(config_path: str) -> None:
    config = json.loads(Path(config_path).read_text("utf-8"))
    sys.path.insert(0, str(Path(config["library"]).resolve()))
    sys.path.append(str(Path(config["library"]).resolve() / "dropins"))
    results = run(config)
    Path(config["results"]).write_text(json.dumps(results, allow_nan=False), "utf-8")


def run(config: dict[str, Any]) -> dict[str, Any]:
    """Carry out the calls; stop at the first that fails."""
    results: dict[str, Any] = {"failed": None, "tables": {}, "figures": {}, "provenance": []}
    data = _read_data(config["data"])
    if config["permute"]:
        permute_labels(data.obs, **config["permute"])
    for index, call in enumerate(config["calls"]):
        print(f"[call {index}] {call['tool']}", flush=True)
        try:
            data = _carry_out(call, data, results, index, config)
        except ValueError as error:
            results["failed"] = _describe(index, "refused", error)
        except Exception as error:  # a tool is others' code: whatever it raises is reported
            results["failed"] = _describe(index, "error", error)
        if results["failed"]:
            break
    if config["keep"] and not results["failed"]:
        _keep_data(data, **config["keep"])
    summary = guards.summarise(data) | (look.look(data, **config["look"]) if config["look"] else {})
    return results | {"states": sorted(guards.states_of(data)), "summary": summary}


def _keep_data(data: Any, path: str, most_bytes: int) -> None:
    """Leave the data for the next call. What can't be written is left empty: the calls are then made again."""
    try:
        data.write_h5ad(path)
        size = Path(path).stat().st_size
    except Exception as error:  # what a tool of others leaves in `uns` may have no place in the format
        traceback.print_exception(error)
        size = most_bytes + 1
    if size > most_bytes:
        Path(path).write_bytes(b"")


def _read_data(path: str) -> Any:
    import anndata

    data = anndata.read_h5ad(path)
    data.uns["states"] = [str(state) for state in data.uns.get("states", [])]
    return data


def _carry_out(call: dict[str, Any], data: Any, results: dict[str, Any], index: int, config: dict[str, Any]) -> Any:
    """Make one call. Return the current data: the transformed one, or the same after a statistics call."""
    guards.check_data(call, data)
    module = importlib.import_module(call["module"])
    tool = getattr(module, call["function"])
    arguments = {**call["arguments"], **({call["sets"]: config["sets"]} if call["sets"] else {})}
    states = guards.states_of(data)
    made = tool(data.copy(), **arguments)
    results["provenance"].append(_provenance(call, tool))
    if call["produces"] != STATISTICS:
        return guards.with_states(made, (states - set(call["removes"])) | {call["produces"]})
    table, figure = made if isinstance(made, tuple) else (made, None)
    table = rows.complete_table(table, data)
    results["tables"][str(index)] = rows.to_rows(table)
    draw = getattr(module, f"draw_{call['function']}", None)
    if config["figures"] and figure is None and draw is not None:
        figure = draw(data, table)
    if config["figures"] and figure is not None:
        results["figures"][str(index)] = figures.to_png(figure)
    return data


def _provenance(call: dict[str, Any], tool: Any) -> str:
    """One line: the call with every argument, defaults included, and the library with its version."""
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(tool).parameters.items()
        if parameter.default is not inspect.Parameter.empty
    }
    arguments = ", ".join(f"{name}={value!r}" for name, value in {**defaults, **call["arguments"]}.items())
    return f"{call['pack']}.{call['tool']}({arguments}) [{_versions(call['library'])}]"


def _versions(libraries: str) -> str:
    names = [name.strip() for name in libraries.split(",") if name.strip()]
    return ", ".join(f"{name} {_version(name)}" for name in names) or "no library named"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "of unknown version"


def _describe(index: int, kind: str, error: Exception) -> dict[str, Any]:
    traceback.print_exception(error)
    text = str(error) if kind == "refused" else f"{type(error).__name__}: {error}"
    return {"call": index, "kind": kind, "message": " ".join(text.split())[:400] or type(error).__name__}


if __name__ == "__main__":
    main(sys.argv[1])
