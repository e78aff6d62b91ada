"""Writes the methods paragraphs from what is recorded: samples, tools with their parameters and versions, tests, error
control. Nothing is said that wasn't done."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pelagos import __version__
from pelagos.nouns import Metric
from tools.analysis.design import Design
from tools.analysis.packs.spec import ToolSpec
from tools.analysis.planning.hypotheses.selection import FALSE_DISCOVERY_RATE, MOST_FINDINGS, MOST_SUGGESTIVE
from tools.analysis.planning.records import CallsRun
from tools.analysis.report.formatting import show, show_share
from tools.analysis.report.hypotheses import count_replicated
from tools.analysis.report.quality import NAMES
from tools.analysis.report.record import AnalysisRecord
from tools.analysis.report.script.export import list_versions

PROVENANCE = re.compile(r"(?P<pack>\w+)\.(?P<tool>\w+)\((?P<arguments>.*)\) \[(?P<versions>.*)\]")


def write_methods(record: AnalysisRecord, specs: Mapping[str, ToolSpec], design: Design, metric: Metric) -> list[str]:
    """Return the paragraphs; none where nothing was run."""
    if not record.runs:
        return []
    paragraphs = [_tell_samples(record, design), *_tell_tools(record, specs), _tell_tests(record, metric)]
    return [text for text in [*paragraphs, *_tell_errors(record), _tell_software(record)] if text]


def _tell_samples(record: AnalysisRecord, design: Design) -> str:
    looks = record.looks
    if not looks:
        return ""
    stratified = " and ".join(filter(None, [design.group, design.batch]))
    counts = ", ".join(f"{looks[part].samples:g} for {name}" for part, name in NAMES.items() if part in looks)
    together = f" Samples of one {design.subject} stayed together." if design.subject else ""
    first = next(iter(looks.values()))
    drawn = f", stratified by {stratified}" if stratified else ""
    return (
        f"Samples. Before anything was tested the samples were split at random by a secret seed{drawn}: {counts}."
        f"{together} The data had {first.features:g} features; {show_share(first.missing)} of the values were missing, "
        "and were treated as missing and not as zero."
    )


def _tell_tools(record: AnalysisRecord, specs: Mapping[str, ToolSpec]) -> Iterator[str]:
    """Yield a paragraph with each tool, and each set of arguments it was called with on the discovery samples."""
    calls: dict[str, list[str]] = {}
    for line in _list_provenance(record.runs):
        match = PROVENANCE.fullmatch(line)
        if match is not None and match["arguments"] not in calls.setdefault(match["tool"], []):
            calls[match["tool"]].append(match["arguments"])
    texts = [_tell_tool(name, arguments, specs) for name, arguments in calls.items()]
    if texts:
        yield f"Tools. {' '.join(texts)}"


def _list_provenance(runs: Sequence[CallsRun]) -> list[str]:
    found = [line for run in runs if run.data == "discovery" and not run.permuted for line in run.provenance]
    return list(dict.fromkeys(found))


def _tell_tool(name: str, arguments: Sequence[str], specs: Mapping[str, ToolSpec]) -> str:
    spec = specs.get(name)
    summary = spec.summary.rstrip(".:") if spec else name
    library = f", {spec.libraries}" if spec and spec.libraries else ""
    called = "; or ".join(text or "no parameters" for text in arguments[:3])
    more = f"; and {len(arguments) - 3} other settings" if len(arguments) > 3 else ""
    return f"{summary} ({name}{library}; {called}{more})."


def _tell_tests(record: AnalysisRecord, metric: Metric) -> str:
    replicated, tested = count_replicated(record)
    if not tested:
        return ""
    return (
        f"Tests. Questions explored on the discovery samples: {len(record.explored)}. Within a table q is "
        f"Benjamini and Hochberg's; of each, at most {MOST_FINDINGS} rows with q ≤ {FALSE_DISCOVERY_RATE}, or else the "
        f"{MOST_SUGGESTIVE} strongest, became findings; hypotheses made of them: {len(record.tested)}. Tested on "
        f"the replication samples by the same calls: {tested}, of which {replicated} hold (p ≤ 0.05). p-values are "
        "one-sided in the stated direction; where several tests are required the largest counts (intersection-union). "
        f"The effect is the {metric.name} r = t / sqrt(t² + df), or z / sqrt(n), with Fisher's 95 % interval; below "
        f"{show(metric.min_effect)} it counts as none. e-values are 0.5 p^(−1/2): their mean over the tests on one "
        "part, and the product of these over disjoint parts."
    )


def _tell_errors(record: AnalysisRecord) -> Iterator[str]:
    claims = [each.claim for each in record.tested if each.claim is not None]
    permuted = sum(bool(run.permuted) for run in record.runs)
    parts = []
    if claims:
        held = sum(claim.held for claim in claims)
        levels = ", ".join(show(claim.level) for claim in claims)
        parts.append(
            f"Hypotheses tested on the sealed samples: {len(claims)}, each once at a level that was reserved before "
            f"({levels}), so that the chance of any false claim on these samples is bounded over all runs. "
            f"Of these hold: {held}."
        )
    if permuted:
        parts.append(f"Null controls, workflows repeated on permuted labels: {permuted}.")
    if parts:
        yield f"Error control. {' '.join(parts)}"


def _tell_software(record: AnalysisRecord) -> str:
    versions = list_versions(record)
    return (
        f"Software. Pelagos {__version__}{f', {versions}' if versions else ''}. The exported script repeats every test."
    )
