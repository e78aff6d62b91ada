"""Others' gold hypotheses (DiscoveryBench): do the typed tools support them, and what do they support by chance?

    python -m benchmarks.discovery --data PATH [--folder runs/bench-discovery]

POPPER's protocol (falsification of measurable implications at level 0.1, error on permuted data) for typed tools, without
a model: no model writes a test, and none judges an answer. `mapping.jsonl` says for each gold hypothesis which calls test
it and in which direction, or why it can't be expressed. It was written from the hypothesis' text, the descriptions of the
columns and their kinds (numeric, levels, constant), before any test was run; formulas that the data set was made with
were not read.

**What counts as expressed.** Every claim that the hypothesis makes about named columns must be an implication that one
typed call can test on the table as it is:

- An implication is one outcome, one factor and a direction: up, down, or either where the text only says that the
  outcome depends on the factor ("is influenced by", "can be estimated from"). Numbers in the text (coefficients,
  thresholds, percentages) are not tested, their signs are: "above 50" and "the product exceeds 150" mean up, the
  divisor of a ratio means down. Several conditions at once mean each in its direction.
- Directions are those of the column as described: a distance falls where a city is closer, a year B.C. grows with age.
- Outcome and factor numeric: `association`. One of them has levels: `group_difference` of the other between two levels
  (True against False, a named level against each of the others), or `trend` over all where levels are ordered. Both have
  levels: `odds_association` of the outcome's level (the highest of ordered ones) with the factor's, against all others.
  "More so in": `interaction`. A window of a numeric factor inside the range of the data: `curvature`, a hill.
- Covariates are the other factors of the hypothesis; in the real data sets, those that the file's workflow names as well.
- All implications must hold: the hypothesis' p is the largest one-sided p (two-sided for "either"), as in the toolchain.
  It is supported where p is at most 0.1. POPPER's e-value, 0.5 p^-0.5, is shown beside: the mean over the implications,
  which are dependent, supported from 10 on.
- A call that is refused, and a row without p, supports nothing: p = 1.

**Not expressed**, by reason (`reason` in the mapping):

- constant: a named column has one value in the table, so there is nothing to test
- missing: a named column or level is not in the table
- shape: a window that no tool tests (of an outcome with levels, of a sum), or a formula without a monotone part
- subgroup: holds for some of the rows only
- interaction: a column of levels changes the effect of another column of levels
- levels: a column of several unordered levels, of which the text names none
- ranking: compares the sizes of effects
- absence: says that there is no relation
- tables: needs two tables joined
- unclear: the text doesn't say what relates to what
"""
