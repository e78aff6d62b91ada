"""Tools with one fault each."""

from typing import Annotated


def _table(data, effects, p=0.5):
    import numpy as np
    import pandas as pd

    effects = np.asarray(effects, dtype=float)
    return pd.DataFrame({
        "entity": list(data.var_names), "effect": effects, "low": np.nan, "high": np.nan, "statistic": np.nan,
        "df": np.nan, "p": p, "n": data.n_obs,
    })  # fmt: skip


def _means(data, group, case, control):
    import numpy as np

    labels = data.obs[group].astype(str).to_numpy()
    if case not in labels or control not in labels:
        raise ValueError("a group is missing")
    means = [np.nanmean(data.X[labels == level], axis=0) for level in (case, control)]
    return means[0] - means[1]


def backwards(data, group: Annotated[str, "group"], case: Annotated[str, "level"], control: Annotated[str, "level"]):
    """Subtract the wrong way.

    Relation: feature ~ group
    Produces: statistics
    """
    return _table(data, -_means(data, group, case, control))


def counts_missing_as_zero(
    data, group: Annotated[str, "group"], case: Annotated[str, "level"], control: Annotated[str, "level"]
):
    """Test what can't be tested.

    Relation: feature ~ group
    Produces: statistics
    """
    return _table(data, _means(data, group, case, control))


def accepts_one_group(
    data, group: Annotated[str, "group"], case: Annotated[str, "level"], control: Annotated[str, "level"]
):
    """Compare nothing with something.

    Relation: feature ~ group
    Produces: statistics
    """
    return _table(data, [0.0] * data.n_vars)


def crashes_on_missing(data):
    """Raise what says nothing.

    Relation: feature ~ group
    Produces: statistics
    """
    import numpy as np

    if np.isnan(data.X).any():
        raise KeyError("x")
    return _table(data, [0.0] * data.n_vars)


def by_chance(data):
    """Give other numbers each time.

    Relation: feature ~ group
    Produces: statistics
    """
    import numpy as np

    return _table(data, np.random.default_rng().normal(size=data.n_vars))


def by_order(data):
    """Take the first sample for something special.

    Relation: feature ~ group
    Produces: statistics
    """
    return _table(data, data.X[0])


def needs_more(data, threshold: float):
    """Need what no one says.

    Relation: feature ~ group
    Produces: statistics
    """
    return _table(data, [threshold] * data.n_vars)


def no_table(data):
    """Return a list.

    Relation: feature ~ group
    Produces: statistics
    """
    return [1, 2]


def impossible(data):
    """Give a p above one.

    Relation: feature ~ group
    Produces: statistics
    """
    return _table(data, [0.0] * data.n_vars, p=1.5).assign(q=1.0)
