"""A module that dies when it is imported."""

raise RuntimeError("no licence found")
