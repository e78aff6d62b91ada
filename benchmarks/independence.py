"""`python -m benchmarks.independence`: how well the cosine of two hypotheses tells a repeat, at which threshold.

The pairs are the shipped ones (`memory/embedders/pairs.jsonl`), the threshold is the one that was calibrated on all of
them; the held-out figure judges every pair by a threshold chosen without its fold. An endpoint's embedder by
`--embedder openai:MODEL@URL`. `python -m memory.embedders.calibrate` is what rewrites the shipped thresholds."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest

from agents.setup.embedding import open_embedder
from memory.embedders import calibrate
from pelagos.settings import Models

STEPS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
HEAD = "| threshold | repeats found | different ones thrown out |\n|---|---|---|"


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--embedder", nargs="*", default=["minilm", "hashing"], help="as in models.embedder")
    parser.add_argument("--project", type=Path, default=Path("runs/bench-independence"))
    args = parser.parse_args(argv)
    for spec in args.embedder:
        print(*make_report(open_embedder(spec, Models(), args.project)), sep="\n")


def make_report(embedder: Any) -> list[str]:
    """Return lines of Markdown: the figures, then the ROC, the calibrated threshold among its points."""
    labelled = calibrate.pairs()
    same = np.array([pair["same"] for pair in labelled])
    scores = calibrate.cosines(embedder, labelled)
    figures = calibrate.figures(scores, labelled, embedder.dims)
    kinds = ", ".join(f"{kind} {share:.0%}" for kind, share in figures["held_to_be_repeats"].items())
    points = [make_row(scores, same, tau, tau == embedder.tau) for tau in sorted({*STEPS, embedder.tau})]
    return [
        f"### {embedder.id}, {embedder.dims} dimensions",
        f"{len(labelled)} pairs, {figures['same']} of them one hypothesis told twice. AUC {figures['auc']:.3f}; balanced "
        f"accuracy {figures['balanced_accuracy']:.3f} at the calibrated threshold {embedder.tau:g}, "
        f"{figures['balanced_accuracy_held_out']:.3f} on pairs that did not choose it. Held to be repeats: {kinds}.",
        "",
        HEAD,
        *points,
        "",
    ]


def make_row(scores: calibrate.Floats, same: calibrate.Labels, tau: float, calibrated: bool) -> str:
    """Return a row of shares with Wilson intervals of 95 %."""
    mark = "**" if calibrated else ""
    return f"| {mark}{tau:g}{mark} | {_format_share(scores[same] >= tau)} | {_format_share(scores[~same] >= tau)} |"


def _format_share(flags: calibrate.Labels) -> str:
    interval = binomtest(int(flags.sum()), len(flags)).proportion_ci(method="wilson")
    return f"{flags.mean():.2f} [{interval.low:.2f}, {interval.high:.2f}]"


if __name__ == "__main__":
    main()
