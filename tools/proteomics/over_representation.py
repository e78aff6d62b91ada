"""Over-representation of gene sets among the differentially abundant proteins, against the tested proteins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from tools.proteomics.differential import differential_abundance
from tools.statistics.bars import draw_effects
from tools.statistics.benjamini_hochberg import adjust
from tools.statistics.gene_sets import find_symbols, match_sets, read_gmt

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure


def over_representation(
    data: AnnData,
    group: Annotated[str, "group"],
    case: Annotated[str, "level"],
    control: Annotated[str, "level"],
    sets: Annotated[str, "sets"] = "",
    direction: Literal["up", "down"] = "up",
    covariates: Annotated[list[str], "covariates"] = (),  # type: ignore[assignment]
    most_q: float = 0.05,
    smallest: int = 5,
    largest: int = 500,
) -> pd.DataFrame:
    """Find the gene sets that hold more of the up (or down) proteins than the tested proteins do.

    The background are the proteins that were tested, not the genome. The effect is the log2 odds ratio; `p` is twice
    the one-sided hypergeometric p. It takes proteins as independent: it describes a list, and proves nothing about
    samples. Test a set by `set_score_difference`.

    Relation: set ~ group
    Requires: log2
    Refuses: imputed, batch_corrected, scaled
    Produces: statistics
    Seconds: 180
    Library: gseapy, statsmodels
    """
    import gseapy
    import pandas as pd

    tested = differential_abundance(data, group, case, control, covariates).dropna(subset=["p"])
    sign = 1 if direction == "up" else -1
    hits = set(tested[(adjust(tested["p"]) < most_q) & (sign * tested["effect"] > 0)]["entity"])
    if not hits:
        raise ValueError(f"no protein is {direction} with q < {most_q:g}: there is no list to test")
    symbols = {name: names for name, names in find_symbols(data).items() if name in set(tested["entity"])}
    matched = match_sets(read_gmt(sets), symbols, smallest, largest)
    background = list(dict.fromkeys(names[0] for names in symbols.values() if names))
    found = gseapy.enrich(
        gene_list=list(dict.fromkeys(symbols[name][0] for name in sorted(hits) if symbols[name])),
        gene_sets={name: [symbols[member][0] for member in members] for name, members in matched.items()},
        background=background, outdir=None, no_plot=True, cutoff=1.0,
    ).results  # fmt: skip
    return _make_table(pd.DataFrame(found), matched, symbols, hits, len(background))


def _make_table(
    found: pd.DataFrame, matched: dict[str, list[str]], symbols: dict[str, list[str]], hits: set[str], n: int
) -> pd.DataFrame:
    """One row per set; sets without a hit have p 1."""
    import pandas as pd

    p = dict(zip(found["Term"], found["P-value"], strict=True)) if len(found) else {}
    listed = {symbols[name][0] for name in hits}
    rows = [_make_row(name, members, symbols, listed, p.get(name, 1.0), n) for name, members in matched.items()]
    return pd.DataFrame(rows).assign(unit="log2 odds ratio", background=n)


def _make_row(
    name: str, members: list[str], symbols: dict[str, list[str]], listed: set[str], p: float, n: int
) -> dict[str, Any]:
    import numpy as np
    from statsmodels.stats.contingency_tables import Table2x2

    inside = [member for member in members if symbols[member][0] in listed]
    a, b, c = len(inside), len(members) - len(inside), len(listed) - len(inside)
    counts = Table2x2(np.array([[a, b], [c, n - a - b - c]]), shift_zeros=True)
    low, high = np.array(counts.log_oddsratio_confint(0.05)) / np.log(2)
    return {
        "entity": name, "effect": counts.log_oddsratio / np.log(2), "low": low, "high": high, "statistic": np.nan,
        "df": np.nan, "p": min(1.0, 2 * p), "n": len(members), "members": ";".join(inside), "hits": a,
    }  # fmt: skip


def draw_over_representation(data: AnnData, table: pd.DataFrame) -> Figure:
    """Draw the sets with the smallest p."""
    return draw_effects(table, "log2 odds ratio")
