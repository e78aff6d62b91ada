"""`python -m benchmarks.review` (`make bench-review`): is the review page quick with 10,000 hypotheses?

Makes a run of that size from facts (kept where `--folder` is given, and made once), starts the real `pelagos review`,
and asks for its views over HTTP. Per view: the first answer, median and slowest of the others, and their size. Then the
server's resident memory, and what the search index takes. The load of the machine goes with it: other processes on the
same processors make every number larger.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from http.cookiejar import CookieJar
from pathlib import Path
from statistics import median
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

from benchmarks.large_run import TECHNIQUES, make_large_run
from memory.search.index import FILE
from tests.app.review.browser.review_server import ReviewServer

RUN = "/runs/large"
QUERIES = ("label+smoothing", "%22cosine+schedule%22", "mixup+wei", "epoch", "drop", "batch+norm+gain")
TIMES = 15
READING_S = 240.0


class Client:
    """Asks the server as a browser with a session does."""

    def __init__(self, server: ReviewServer) -> None:
        self._origin = server.origin
        self._opener: OpenerDirector = build_opener(HTTPCookieProcessor(CookieJar()))
        self._opener.open(server.url).read()

    def get(self, path: str) -> tuple[float, str]:
        """Return the seconds until the whole answer was there, and its text."""
        began = time.perf_counter()
        with self._opener.open(self._origin + path) as answer:
            text = answer.read().decode()
        return time.perf_counter() - began, text


def measure(folder: Path, hypotheses: int) -> None:
    began = time.perf_counter()
    run = make_large_run(folder / "runs" / "large", hypotheses)
    print(f"{hypotheses:,} hypotheses, made in {time.perf_counter() - began:.0f} s; load {os.getloadavg()[0]:.1f}\n")
    (run / FILE).unlink(missing_ok=True)
    began = time.perf_counter()
    server = ReviewServer(folder)
    try:
        client = Client(server)
        print(f"from the start of the command to the first page: {time.perf_counter() - began:.1f} s\n")
        measure_views(client, hypotheses)
        measure_search(client, run)
        print(f"\nresident memory of the server: {read_resident_mb(server.process.pid):.0f} MB")
    finally:
        server.kill()


def measure_views(client: Client, hypotheses: int) -> None:
    draw = random.Random(3)

    def name_one() -> str:
        return f"{RUN}/hypotheses/h{draw.randint(1, hypotheses)}"

    views: dict[str, Callable[[], str]] = {
        "overview": lambda: RUN,
        "table, first page": lambda: f"{RUN}/hypotheses",
        "table, sorted and filtered": lambda: f"{RUN}/hypotheses?sort=p&q={draw.choice(TECHNIQUES).replace(' ', '+')}",
        "table, any page": lambda: f"{RUN}/hypotheses?page={draw.randint(1, hypotheses // 100)}",
        "peek": lambda: f"{name_one()}/peek",
        "one hypothesis": name_one,
        "tree": lambda: f"{RUN}/tree",
        "log": lambda: f"{RUN}/log",
        "two hypotheses": lambda: (
            f"/compare?a=large/h{draw.randint(1, hypotheses)}&b=large/h{draw.randint(1, hypotheses)}"
        ),
        "runs": lambda: "/",
    }
    print("| view | first, s | median, ms | slowest, ms | kB |\n|---|---|---|---|---|")
    for view, make_path in views.items():
        print(make_row(view, client, [make_path() for _ in range(TIMES)]), flush=True)


def measure_search(client: Client, run: Path) -> None:
    """Search until all rows are indexed, then measure."""
    began = time.perf_counter()
    while "not read yet" in client.get("/search?q=nothing")[1]:
        if time.perf_counter() - began > READING_S:
            raise TimeoutError(f"the index was not complete after {READING_S:.0f} s")
    took, size = time.perf_counter() - began, (run / FILE).stat().st_size / 1e6
    for query in QUERIES:
        print(make_row(f"search {query}", client, [f"/search?q={query}"] * TIMES), flush=True)
    print(f"\nsearch index: {size:.0f} MB, built once in {took:.0f} s")
    print(f"ledger: {(run / 'ledger.db').stat().st_size / 1e6:.0f} MB")


def make_row(view: str, client: Client, paths: Sequence[str]) -> str:
    answers = [client.get(path) for path in paths]
    seconds = [took for took, _ in answers]
    numbers = f"{seconds[0]:.2f} | {1000 * median(seconds[1:]):.0f} | {1000 * max(seconds[1:]):.0f}"
    return f"| {view} | {numbers} | {median(len(text) for _, text in answers) / 1000:.0f} |"


def read_resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hypotheses", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="keep the run here, and take the one that is here")
    args = parser.parse_args(argv)
    if args.folder is not None:
        measure(args.folder, args.hypotheses)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), args.hypotheses)


if __name__ == "__main__":
    main()
