"""Test plans carried out on samples kept apart: versions, experiments, evidence and audits."""
