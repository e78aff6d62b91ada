"""The analysis toolchain: from a data table to hypotheses, by plans over typed tools."""
