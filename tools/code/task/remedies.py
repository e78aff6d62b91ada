"""What to write where a key of a task file is missing or wrong."""

from __future__ import annotations

REMEDIES = {
    "name": "add a short lower-case name, such as 'name: digits'",
    "topic": "add one line that says what is researched",
    "description": "add what goes in, what comes out and what may be changed",
    "entry": "add the command, such as 'entry: python train.py --data {data} --out {out} --seed {seed}'",
    "editable": "add the program files that may be changed, such as 'editable: [train.py]'",
    "data": "add 'data: {name: digits}' or 'data: {path: data.csv, target: COLUMN}'",
    "metric": "add 'metric: {name: accuracy, direction: up, min_effect: 0.01}'",
    "metric.direction": "add 'direction: up' (higher is better) or 'direction: down' (lower is better)",
    "metric.min_effect": "add the least change worth having, in the metric's unit and above 0",
    "splits": "add 'splits: {train: 600, validation: 500, sealed: 500}'",
    "splits.validation": "a verdict needs as many items as that at least, better some hundred",
    "splits.sealed": "a confirmation needs as many items as that at least, better some hundred",
    "seeds": "add 'seeds: [1, 2, 3, 4, 5, 6, 7, 8]'; the first three or more make the noise floor",
}
