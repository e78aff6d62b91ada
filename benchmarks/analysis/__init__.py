"""Measurements of the analysis toolchain: null and planted control, memory and time."""
