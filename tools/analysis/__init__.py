"""The analysis toolchain: from a table of samples and features to hypotheses that hold on samples kept apart."""
