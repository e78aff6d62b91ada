"""Runs inside the sandbox: the contract test of tools. Each is called on a small data set and its variants.

A tool answers with a sound table (or data), or it refuses with ValueError and one line. Anything else is a finding.
`python contract.py CONFIG.json` writes tool name -> findings as JSON.
"""

import copy
import importlib
import json
import math
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import guards  # type: ignore[import-not-found]
import rows  # type: ignore[import-not-found]
import sample_data  # type: ignore[import-not-found]

STATISTICS, SETS_FILE, LONGEST_LINE = "statistics", "sample_sets.gmt", 400
MUST_REFUSE = ("one group", "one case")
TOLERANCE = 1e-6


class Refusal(Exception):
    """The tool, or a guard before it, refused the data."""


def main(config_path: str) -> None:
    config = json.loads(Path(config_path).read_text("utf-8"))
    library = Path(config["library"]).resolve()
    sys.path.insert(0, str(library))
    sys.path.append(str(library / "dropins"))
    sample_data.write_sets(SETS_FILE)
    findings = {}
    for call in config["calls"]:
        print(f"[tool] {call['tool']}", flush=True)
        findings[call["tool"]] = list(examine(call))
    Path(config["results"]).write_text(json.dumps(findings), "utf-8")


def examine(call: dict[str, Any]) -> Iterator[str]:
    """Yield what is to be mended in one tool."""
    try:
        clean = run(call, _prepare(call, lambda data: data))
        yield from _judge_clean(call, clean)
        if _differs(clean, run(call, _prepare(call, lambda data: data))):
            yield "gives other numbers when it is called again: take a `seed` and use nothing else at random"
    except Refusal as error:
        yield f"refuses sound data: {error}"
        return
    except Exception as error:  # a tool is others' code
        traceback.print_exc()
        yield f"fails on sound data: {type(error).__name__}: {error}"
        return
    for name, vary in sample_data.VARIANTS.items():
        yield from (f"{name}: {finding}" for finding in _examine_variant(call, name, vary, clean))


def _examine_variant(call: dict[str, Any], name: str, vary: Any, clean: Any) -> Iterator[str]:
    try:
        made = run(call, _prepare(call, vary))
    except Refusal as error:
        yield from _judge_refusal(str(error))
        return
    except Exception as error:  # a tool is others' code
        traceback.print_exc()
        yield f"fails with {type(error).__name__}: {error}; raise ValueError with one line instead"
        return
    yield from _judge_answer(call, name, made, clean)


def _judge_answer(call: dict[str, Any], name: str, made: Any, clean: Any) -> Iterator[str]:
    """What is wrong with an answer where the data are unusual."""
    if name == "missing" and call["refuses_missing"]:
        yield "was not refused"
    if call["produces"] != STATISTICS:
        return
    tested = _tested(made)
    if name == "missing" and not tested and not _tested(clean):
        yield "tests nothing, nor does it on complete data"
    asked = call["levels"] and (name != "one case" or call["group"] == "group")
    if name in MUST_REFUSE and asked and tested:
        yield f"gives p-values for {len(tested)} rows; it must refuse"
    if name == "raw scale" and "log2" in call["requires"]:
        yield "was not refused, though it needs log2"
    constant = {f"P{index}" for index in range(sample_data.FEATURES - 3, sample_data.FEATURES)}
    if name == "constant" and (wrong := [row["entity"] for row in tested if row["entity"] in constant]):
        yield f"gives p-values for the constant features {', '.join(wrong)}"
    random = call["seeded"] or call["before"]
    same = name in ("reversed samples", "duplicated names") and not call["sets"] and not random
    if same and _differs(clean, made):
        yield "gives other numbers than on the same data unchanged"


def _judge_clean(call: dict[str, Any], made: Any) -> Iterator[str]:
    """What is wrong with the answer on sound data."""
    if call["produces"] != STATISTICS:
        return
    if not made:
        yield "gives an empty table"
    if len({row["entity"] for row in made}) < len(made):
        yield "names an entity twice"
    for row in made:
        if row["p"] is not None and not 0 <= row["p"] <= 1:
            yield f"{row['entity']}: p is {row['p']}"
        if None not in (row["low"], row["effect"], row["high"]) and not row["low"] <= row["effect"] <= row["high"]:
            yield f"{row['entity']}: the effect {row['effect']:g} is outside its interval"
    planted = [row for row in made if row["entity"] in {f"P{index}" for index in range(sample_data.PLANTED)}]
    if call["relation"] == "feature ~ group" and call["levels"] and planted and call["group"] == "group":
        shown = [row for row in planted if row["p"] is not None and row["effect"] is not None]
        if shown and all(row["effect"] < 0 for row in shown):
            yield "gives the wrong direction: the effect must be case minus control"


def _tested(made: Any) -> list[Any]:
    return [row for row in made if row["p"] is not None]


def _judge_refusal(text: str) -> Iterator[str]:
    if not text.strip():
        yield "refuses without saying why"
    if "\n" in text.strip() or len(text) > LONGEST_LINE:
        yield f"refuses with {len(text)} characters on {len(text.strip().splitlines())} lines; say it in one line"


def run(call: dict[str, Any], data: Any) -> Any:
    """Call the tool. Return its rows, or the shape of the data that it made. Raises Refusal."""
    try:
        guards.check_data(call, data)
        tool = getattr(importlib.import_module(call["module"]), call["function"])
        arguments = copy.deepcopy(call["arguments"]) | ({call["sets"]: SETS_FILE} if call["sets"] else {})
        made = tool(data.copy(), **arguments)
    except ValueError as error:
        raise Refusal(str(error)) from error
    if call["produces"] != STATISTICS:
        return _describe_data(made)
    table = made[0] if isinstance(made, tuple) else made
    completed = rows.complete_table(table, data)
    draw = getattr(importlib.import_module(call["module"]), f"draw_{call['function']}", None)
    if draw is not None:
        draw(data, completed)
        _close_figures()
    return rows.to_rows(completed)


def _close_figures() -> None:
    import matplotlib.pyplot as plt

    plt.close("all")


def _describe_data(made: Any) -> list[Any]:
    """What two runs of a transformation must have in common."""
    import numpy as np

    if not hasattr(made, "obs") or not hasattr(made, "var"):
        raise TypeError(f"a transforming tool returns the AnnData, not {type(made).__name__}")
    values = made.X.toarray() if hasattr(made.X, "toarray") else np.asarray(made.X)
    return [list(made.shape), float(np.nansum(values)), int(np.isnan(values).sum())]


def _prepare(call: dict[str, Any], vary: Any) -> Any:
    """The varied data in the states that the tool needs; `before` are the calls that lead to them."""
    data = vary(sample_data.make_cells() if call["cells"] else sample_data.make_clean())
    data.uns["states"] = sorted(set(call["requires"]))
    if "raw" in call["requires"]:
        data.X = 2.0**data.X if guards.summarise(data)["features"] and float(data.X[0, 0]) < guards.MAX_LOG2 else data.X
    for step in call["before"]:
        module = importlib.import_module(step["module"])
        try:
            data = getattr(module, step["function"])(data, **step["arguments"])
        except ValueError as error:
            raise Refusal(str(error)) from error
    data.uns["states"] = sorted(set(call["requires"]))
    return data


def _differs(first: Any, second: Any) -> bool:
    if not (first and isinstance(first[0], dict)):
        return bool(first != second)
    mine, theirs = ({row["entity"]: row for row in made} for made in (first, second))
    if set(mine) != set(theirs):
        return True
    pairs = ((mine[name][key], theirs[name][key]) for name in mine for key in ("effect", "p", "n"))
    return any(_apart(a, b) for a, b in pairs)


def _apart(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is not b
    return not math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


if __name__ == "__main__":
    main(sys.argv[1])
