"""Limits and counters of a process tree: control groups, sampling, system-call filter, output rate."""
