"""The results of the tests of one version on one split, and the evidence that they come to."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from pydantic import BaseModel, ConfigDict

from pelagos.nouns import Effect, Experiment, OutcomeKind
from tools.analysis.execution.analysis import Row
from tools.analysis.findings import Implication, e_value, one_sided, sign_of
from tools.evidence import Evidence
from tools.toolchain import Context

RESULTS = "results"
CONFIDENCE = 0.95
LEAST_SHARE = 0.5
"""The least share of the effect that must be left without a set's strongest member."""


class TestResult(BaseModel):
    """What one implication came to. `row` is None where the test couldn't be run, for the reason `cause`; `p` is
    one-sided in the stated direction, `e` its e-value."""

    __test__ = False  # no test case, whatever pytest takes it for
    model_config = ConfigDict(extra="ignore", frozen=True)

    implication: Implication
    row: Row | None = None
    cause: str = ""
    p: float = 1.0
    e: float = 0.5
    run: str = ""

    @property
    def r(self) -> float | None:
        """The partial correlation, positive in the stated direction."""
        if self.row is None or self.row.r is None:
            return None
        return self.row.r * sign_of(self.implication.direction)

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        if self.row is None:
            return None, None
        low, high = self.row.r_low, self.row.r_high
        if self.implication.direction == "up":
            return low, high
        return (None if high is None else -high), (None if low is None else -low)


def make_result(implication: Implication, row: Row | None, cause: str, run: str) -> TestResult:
    p = 1.0 if row is None else one_sided(row, implication.direction)
    return TestResult(implication=implication, row=row, cause=cause, p=p, e=e_value(p), run=run)


def load_results(experiment: Experiment, context: Context) -> list[TestResult]:
    if RESULTS not in experiment.files:
        return []
    return [TestResult.model_validate(each) for each in context.artifacts.json(experiment.files[RESULTS])]


def mean_e(results: Sequence[TestResult]) -> float:
    """Return the mean of the e-values of one split: its tests share samples, so no product is valid."""
    return fmean(each.e for each in results) if results else 0.0


def weigh_results(experiments: Sequence[Experiment], context: Context) -> Evidence:
    """Return the evidence of the version's experiments on one split. Its p-value is the largest of the required tests
    (intersection-union), its effect that of the primary one."""
    failed = tuple(each.seed for each in experiments if each.outcome is not OutcomeKind.OK)
    done = [each for each in experiments if each.outcome is OutcomeKind.OK]
    results = load_results(done[0], context) if done else []
    primary = next((each for each in results if each.implication.role == "primary"), None)
    if primary is None or primary.r is None:
        return Evidence(None, 0, "no samples", CONFIDENCE, constant=True, failed=failed)
    required = [each.p for each in results if each.implication.required]
    low, high = primary.bounds
    effect = Effect(
        value=primary.r,
        low=low,
        high=high,
        p_value=1.0 if failed else max(required),
        seeds=1,
        baseline_score=0.0,
        score=primary.r,
    )
    harms = tuple(line for each in results if (line := find_harm(each, primary)))
    amount = f"{primary.row.n:g} samples" if primary.row else ""
    tested = not failed
    return Evidence(effect, 1, amount, CONFIDENCE, tested=tested, constant=True, failed=failed, harms=harms)


def find_harm(result: TestResult, primary: TestResult) -> str:
    """Return why a further test speaks against the hypothesis, "" if it doesn't: it is clearly in the other direction,
    or a set's effect is that of one member."""
    if result.implication.required or result.r is None or primary.r is None:
        return ""
    _, high = result.bounds
    if high is not None and high < 0:
        return f"not so: {result.implication.text} (r = {result.r:.2f})"
    if result.implication.role == "without strongest" and result.r < LEAST_SHARE * primary.r:
        return f"not so: {result.implication.text} (r = {result.r:.2f} after {primary.r:.2f})"
    return ""
