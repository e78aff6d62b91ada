"""Words in column names and level names that tell what a column is. They are general to studies of any subject."""

from __future__ import annotations

import re

GROUP = {
    "group": 3, "diagnosis": 3, "condition": 3, "disease": 3, "classification": 3, "treatment": 3, "phenotype": 3,
    "arm": 2, "class": 2, "cohort": 1, "case": 2, "genotype": 2, "type": 1, "labels": 2, "label": 2, "outcome": 1,
    "response": 2, "responder": 2, "exposure": 2, "intervention": 2, "therapy": 1, "drug": 1, "status": 1, "celltype": 2,
    "timepoint": 1, "visit": 1,
}  # fmt: skip
BATCH = {"batch", "site", "center", "centre", "plate", "plateid", "instrument", "lab", "laboratory", "hospital", "cohort",
         "study", "lane", "dataset", "tmtplex", "plex"}  # fmt: skip
COVARIATES = {"age", "sex", "gender", "bmi", "smoking", "smoker", "ethnicity", "race", "education"}
SUBJECT = {"subject", "patient", "donor", "individual", "participant", "person", "pair", "animal", "mouse", "subjectid",
           "patientid", "donorid", "family"}  # fmt: skip
TIME = {"time", "days", "months", "years", "survival", "followup", "os", "pfs", "dfs", "week", "weeks", "duration"}
EVENT = {"event", "death", "dead", "died", "deceased", "censored", "censoring", "vital", "relapse", "recurrence",
         "progression", "arrest", "status", "alive"}  # fmt: skip
CONTROL = {"control", "controls", "healthy", "normal", "wildtype", "wt", "wild", "placebo", "untreated", "vehicle",
           "baseline", "negative", "none", "ctrl", "ctl", "reference", "benign", "before", "pre", "non", "no", "not",
           "unaffected", "mock", "dmso", "false", "0"}  # fmt: skip
IGNORED = {
    "ignore",
    "id",
    "barcode",
    "name",
    "file",
    "filename",
    "path",
    "index",
    "date",
    "comment",
    "comments",
    "notes",
}


def find_words(name: str) -> list[str]:
    """The words of a name in lower case: "AgeAtDeath_years" gives age, at, death, years."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return [word for word in re.split(r"[^a-z0-9]+", parted.lower()) if word]


def names_control(level: str) -> bool:
    """Whether a level is one to compare with: control, healthy, untreated, non-..., no, 0."""
    return bool(set(find_words(level)) & CONTROL)
