"""Infers the design of a study from its metadata. It asks nothing; each guess is one line that says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.analysis.dataset.levels import to_levels
from tools.analysis.design import Design
from tools.analysis.task.circularity import find_defining
from tools.analysis.task.column_words import find_words, mentions, only_answers, weigh_group

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

MAX_LEVELS = 20
MAX_GROUPS = 12
MIN_NUMERIC = 6  # different values of a numeric outcome
MIN_PRESENT = 0.3  # share of samples that have a value
MAX_NUMERIC = 12  # outcomes listed


def infer_design(data: AnnData) -> Design:
    """The design that the columns of `data.obs` suggest; None and empty where nothing does."""
    obs, guesses, taken = data.obs, list[str](), set[str]()
    usable = [name for name in obs if _is_usable(obs[name], str(name))]
    found: dict[str, object] = {}
    found["subject"] = _take(_find_subject(obs, usable), "subject", guesses, taken)
    time, event = _find_survival(obs, usable)
    found["time"] = _take(time, "time", guesses, taken)
    found["event"] = _take(event, "event", guesses, taken)
    found["batch"] = _take(_find_batch(obs, [n for n in usable if n not in taken]), "batch", guesses, taken)
    covariates = [n for n in usable if n not in taken and mentions(n, "covariates")]
    group = _find_group(obs, [n for n in usable if n not in taken and n not in covariates])
    found |= _choose_levels(obs, _take(group, "group", guesses, taken), guesses)
    taken |= set(covariates)
    if covariates:
        guesses.append(f"covariates: {_show(covariates)}: by name")
    found["numeric"] = _find_numeric(obs, [n for n in usable if n not in taken], guesses)
    found["defines_group"] = _find_circular(data, found, covariates, guesses)
    return Design(**(found | {"covariates": covariates, "guesses": guesses}))


def _is_usable(column: pd.Series, name: str) -> bool:
    """Whether a column varies and has values enough; ids of rows and what is marked to be ignored are not used."""
    present = column.dropna()
    if present.nunique() < 2 or len(present) < MIN_PRESENT * len(column):
        return False
    unique_words = not _is_numeric(column) and present.nunique() == len(present)
    return not unique_words and "ignore" not in find_words(name)


def _is_numeric(column: pd.Series) -> bool:
    return column.dtype.kind in "iuf"


def _levels(column: pd.Series) -> list[str]:
    """Levels, most frequent first."""
    return [str(level) for level in to_levels(column).dropna().value_counts().index]


def _take(found: tuple[str, str] | None, part: str, guesses: list[str], taken: set[str]) -> str | None:
    """Note a found (column, reason) as a guess and mark the column as used."""
    if found is None:
        return None
    name, reason = found
    guesses.append(f"{part}: {name}: {reason}")
    taken.add(name)
    return name


def _find_subject(obs: pd.DataFrame, usable: list[str]) -> tuple[str, str] | None:
    """A column named like a subject's whose values repeat: it pairs samples."""
    for name in usable:
        counts = obs[name].value_counts()
        counts = counts[counts > 0]
        if mentions(name, "subject") and len(counts) > 2 and (counts > 1).mean() > 0.5:
            return name, f"{len(counts)} subjects with {int(counts.min())} to {int(counts.max())} samples each"
    return None


def _find_survival(obs: pd.DataFrame, usable: list[str]) -> tuple[tuple[str, str] | None, tuple[str, str] | None]:
    """(time, event): numeric times without negatives and a column of 0 and 1; both or neither."""
    numbers = [name for name in usable if _is_numeric(obs[name])]
    named = [name for name in numbers if mentions(name, "time") and not mentions(name, "covariates")]
    times = [name for name in named if obs[name].min() >= 0 and obs[name].nunique() >= MIN_NUMERIC]
    events = [name for name in numbers if set(obs[name].dropna()) == {0.0, 1.0} and mentions(name, "event")]
    if not times or not events:
        return None, None
    happened = int((obs[events[0]] == 1).sum())
    return (times[0], "times without negative values, beside an event"), (
        events[0],
        f"0 and 1; 1 in {happened} samples",
    )


def _find_batch(obs: pd.DataFrame, usable: list[str]) -> tuple[str, str] | None:
    for name in usable:
        levels = _levels(obs[name])
        if mentions(name, "batch") and 2 <= len(levels) <= MAX_LEVELS:
            return name, f"{len(levels)} levels: {_show(levels)}"
    return None


def _find_group(obs: pd.DataFrame, usable: list[str]) -> tuple[str, str] | None:
    """The column with few levels whose name or levels speak most for groups to compare; fuller ones win ties."""
    scores: dict[str, float] = {}
    for name in usable:
        levels = _levels(obs[name])
        if not 2 <= len(levels) <= MAX_GROUPS or (_is_numeric(obs[name]) and len(levels) > 3):
            continue
        words = weigh_group(name)
        control = 2.0 * (len(_find_controls(levels)) == 1)
        answer = 1.0 * only_answers(levels)  # an indicator of something beside the groups
        scores[name] = words + control - answer + 2.0 * float(obs[name].notna().mean()) - 0.5 * _is_numeric(obs[name])
    if not scores:
        return None
    best = max(scores, key=lambda name: scores[name])
    return best, f"{len(_levels(obs[best]))} levels: {_show(_levels(obs[best]))}"


def _choose_levels(obs: pd.DataFrame, group: str | None, guesses: list[str]) -> dict[str, str | None]:
    """{group, case, control}: the control by its name, else the most frequent level; the case the largest other."""
    if group is None:
        return {"group": None, "case": None, "control": None}
    levels = _levels(obs[group])
    named = _find_controls(levels)
    control = named[0] if named else levels[0]
    case = next(level for level in levels if level != control)
    reason = "by the control's name" if named else "the most frequent level taken as control; swap them if it is not"
    guesses.append(f"case and control: {case} against {control}: {reason}")
    return {"group": group, "case": case, "control": control}


def _find_controls(levels: list[str]) -> list[str]:
    """The levels named as what one compares with; of two levels also the one that denies something."""
    named = [level for level in levels if mentions(level, "control")]
    return named or [level for level in levels if len(levels) == 2 and mentions(level, "absence")]


def _find_numeric(obs: pd.DataFrame, usable: list[str], guesses: list[str]) -> list[str]:
    numeric = [
        n for n in usable if _is_numeric(obs[n]) and obs[n].nunique() >= MIN_NUMERIC and not mentions(n, "ignored")
    ]
    if numeric:
        guesses.append(f"numeric outcomes: {_show(numeric[:MAX_NUMERIC])}")
    return numeric[:MAX_NUMERIC]


def _find_circular(data: AnnData, found: dict[str, object], covariates: list[str], guesses: list[str]) -> list[str]:
    group, case, control = found["group"], found["case"], found["control"]
    if not isinstance(group, str):
        return []
    known = {*covariates, *(str(found[part]) for part in ("group", "batch", "subject", "time", "event"))}
    defining = find_defining(data, group, str(case), str(control), known)
    guesses += [f"defines_group: {name}: {reason}" for name, reason in defining.items()]
    return list(defining)


def _show(names: list[str]) -> str:
    return ", ".join(names[:8]) + (" ..." if len(names) > 8 else "")
