from __future__ import annotations

from tests.tools.analysis.planning.examples import DESIGN, list_tools
from tests.tools.analysis.report.records import HOSTILE, make_record, make_run, make_tested
from tools.analysis.report.methods import write_methods
from tools.analysis.report.record import AnalysisRecord, Look
from tools.analysis.task.analysis_task import METRIC


def write(record: AnalysisRecord) -> str:
    return "\n".join(write_methods(record, list_tools(), DESIGN, METRIC))


def test_it_names_samples_tools_parameters_versions_and_levels() -> None:
    looks = {"discovery": Look(samples=40, features=30, missing=0.25), "validation": Look(samples=30)}
    text = write(make_record(looks=looks))
    assert "stratified by arm and site: 40 for discovery, 30 for replication" in text
    assert "30 features; 25 % of the values were missing" in text
    assert "Does model (model; group='arm', case='treated')." in text
    assert "the replication samples by the same calls: 3, of which 2 hold" in text
    assert "tested on the sealed samples: 1, each once at a level that was reserved before (0.05)" in text
    assert "Of these hold: 1." in text
    assert "repeated on permuted labels: 1." in text
    assert "numpy 2.4.6, statsmodels 0.15.0" in text


def test_what_was_not_done_is_not_said() -> None:
    text = write(make_record(tested=[make_tested("a", results={})], runs=[make_run()]))
    for word in ("sealed samples", "permuted", "replication samples by"):
        assert word not in text
    assert write(make_record(runs=[])) == ""


def test_settings_of_a_tool_are_listed_once_and_null_controls_have_none() -> None:
    other = "pack.model(group='arm', case='plain') [statsmodels 0.15.0]"
    runs = [make_run(), make_run(), make_run(provenance=[other]), make_run(provenance=["pack.x() [a]"], permuted="arm")]
    text = write(make_record(runs=runs))
    assert "group='arm', case='treated'; or group='arm', case='plain')" in text
    assert "x(" not in text


def test_a_line_of_provenance_that_is_none_is_left_out() -> None:
    assert "alert" not in write(make_record(runs=[make_run(provenance=[HOSTILE])]))
