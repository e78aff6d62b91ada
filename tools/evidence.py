"""Evidence: what a toolchain hands over about one version on one split. What it comes to is the judge's decision.

A toolchain makes it of its experiments by statistics of its own: `code` by paired seeds against the baseline
(`tools/paired`), an analysis by a test on the split's samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pelagos.nouns import Effect


class Evidence(NamedTuple):
    """`effect` is oriented, in the unit of the task's metric, and None where there is nothing to compare. Its p-value
    is valid for one look at the split, and 1 where a seed failed or the result isn't believed.

    `amount` says in words what it rests on, such as "5 seeds" or "62 samples". `tested`: it is enough for a p-value.
    `constant`: experiments with further seeds would show the same. `failed` are seeds without a result, `harms` one
    line per thing that got worse or speaks against it, `suspect` the findings against the result.
    """

    effect: Effect | None
    seeds: int
    amount: str
    confidence: float
    tested: bool = False
    constant: bool = False
    failed: tuple[int, ...] = ()
    harms: tuple[str, ...] = ()
    suspect: tuple[str, ...] = ()

    @property
    def p_value(self) -> float:
        """The effect's p-value; 1 if there is none."""
        return 1.0 if self.effect is None or self.effect.p_value is None else self.effect.p_value

    @property
    def fault(self) -> str:
        """What is wrong with the evidence, whatever its size; "" if it can be judged or only lacks seeds."""
        if self.suspect:
            return f"suspect: {self.suspect[0]}"
        if self.failed:
            return f"its program failed on seed {', '.join(map(str, self.failed))}"
        if self.effect is None and self.seeds:
            return "its scores or the baseline's are too large to be compared"
        if self.effect and self.tested and self.effect.high is None:
            return "no variation over seeds or items to judge the difference by"
        return ""

    def discredit(self, findings: Sequence[str]) -> Evidence:
        """Return this evidence without any weight if there are findings, else as it is."""
        if not findings:
            return self
        return self._replace(effect=self.effect and self.effect.without_weight(), suspect=tuple(findings))
