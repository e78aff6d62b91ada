"""From the data to hypotheses: objectives, workflows, steps, findings, and the tests that each finding implies."""
