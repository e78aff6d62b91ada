"""Traceback debugging: 30 injected faults, repaired from the raw traceback or from the local structure."""
