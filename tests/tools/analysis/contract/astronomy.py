"""A pack of another science: fluxes of galaxies in several bands. Its author knows nothing of Pelagos."""

from typing import Annotated


def to_magnitudes(data):
    """Turn fluxes into magnitudes: smaller is brighter.

    Requires: raw
    Removes: raw
    Produces: scaled
    Library: numpy
    """
    import numpy as np

    values = np.asarray(data.X, dtype=float)
    data.X = -2.5 * np.log10(values, out=np.full_like(values, np.nan), where=values > 0)
    return data


def colour_difference(
    data,
    group: Annotated[str, "group"],
    case: Annotated[str, "level"],
    control: Annotated[str, "level"],
):
    """Compare magnitudes between two kinds of galaxies by Welch's t-test.

    Relation: feature ~ group
    Requires: scaled
    Produces: statistics
    Seconds: 10
    Library: scipy
    """
    import numpy as np
    import pandas as pd
    from scipy.stats import ttest_ind

    rows = []
    labels = data.obs[group].astype(str).to_numpy()
    for band, values in zip(data.var_names, np.asarray(data.X, dtype=float).T, strict=True):
        a, b = (values[(labels == level) & np.isfinite(values)] for level in (case, control))
        if min((labels == case).sum(), (labels == control).sum()) < 3:
            raise ValueError(f"{case} or {control} has fewer than 3 galaxies")
        row = {"entity": band, "n": len(a) + len(b)}
        if min(len(a), len(b)) < 3 or np.ptp(np.concatenate([a, b])) == 0:
            rows.append(row | dict.fromkeys(("effect", "low", "high", "statistic", "df", "p"), np.nan))
            continue
        test = ttest_ind(a, b, equal_var=False)
        low, high = test.confidence_interval(0.95)
        rows.append(
            row | {"effect": a.mean() - b.mean(), "low": low, "high": high, "statistic": test.statistic, "df": test.df}
            | {"p": test.pvalue}
        )  # fmt: skip
    return pd.DataFrame(rows)
