"""`python -m benchmarks.targets`: how often the target that a paper of the digits corpus belongs to is among the
nearest.

The right targets were named by hand, before the likeness was looked at; the first lines of the program's docstrings
were written afterwards, so this says how it works where they say what belongs where, not how it works on any program.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from agents.literature.likeness import compare_papers, sort_targets
from benchmarks.debugging.bench import Bench
from memory.embedders.embedder import minilm
from sandbox.choose import choose
from tools.code.toolchain import CodeToolchain
from tools.literature import corpus

TASK = Path(__file__).parents[1] / "tasks" / "digits"
RIGHT = {
    "szegedy2016": {"compute_loss"},
    "srivastava2014": {"make_model"},
    "zhang2018": {"augment", "fit"},
    "loshchilov2019": {"make_optimizer"},
    "loshchilov2017": {"make_optimizer"},
    "ioffe2015": {"make_model"},
    "simard2003": {"augment"},
    "lecun1998": {"make_model"},
    "izmailov2018": {"fit"},
    "polyak1992": {"fit"},
    "he2016": {"make_model"},
    "he2015": {"make_model"},
    "kingma2015": {"make_optimizer"},
    "bishop1995": {"augment"},
    "hansen1990": {"fit", "predict", "make_model"},
    "prechelt1998": {"fit"},
    "ba2016": {"make_model"},
    "hendrycks2016": {"make_model"},
    "smith2018": {"make_optimizer"},
    "lecun1998b": {"prepare"},
}


def rank_targets(folder: Path) -> dict[str, int]:
    """Return paper id -> the rank, from 1, of the first right target."""
    toolchain, bench = CodeToolchain(), Bench(folder, choose())
    task = toolchain.load(TASK)
    targets = toolchain.brief(task, bench).targets
    material = {target: toolchain.material(task, target, bench) for target in targets}
    papers = [paper for paper in corpus.load_corpus(TASK / "papers.jsonl").papers if paper.id in RIGHT]
    similarities, places = compare_papers(papers, material, minilm()), {}
    for paper in papers:
        order = [target.partition("::")[2] for target in sort_targets(paper.id, list(material), similarities)]
        places[paper.id] = 1 + min(order.index(name) for name in RIGHT[paper.id])
    return places


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        places = rank_targets(Path(folder))
    for limit in (1, 2, 3):
        print(f"among the nearest {limit}: {sum(place <= limit for place in places.values())} of {len(places)}")


if __name__ == "__main__":
    main()
