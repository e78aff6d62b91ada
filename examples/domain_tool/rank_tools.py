"""A pack of one tool."""

from typing import Annotated

import numpy as np
import pandas as pd
from scipy.stats import pearsonr, rankdata


def rank_trend(data, numeric: Annotated[str, "numeric"]):
    """Correlate the ranks of every feature with those of a numeric column (Spearman's rho).

    Relation: feature ~ numeric
    Refuses: missing values
    Produces: statistics
    Seconds: 10
    Library: scipy
    """
    rows, ranks = [], rankdata(data.obs[numeric])
    for name, values in zip(data.var_names, np.asarray(data.X).T, strict=True):
        row = {"entity": name, "n": len(ranks), "df": len(ranks) - 2}
        row |= dict.fromkeys(("effect", "low", "high", "statistic", "p"), np.nan)
        if np.ptp(values) > 0:
            test = pearsonr(rankdata(values), ranks)
            low, high = test.confidence_interval(0.95)
            row |= {"effect": test.statistic, "low": low, "high": high, "statistic": test.statistic, "p": test.pvalue}
        rows.append(row)
    return pd.DataFrame(rows)
