"""Whether a version's result is earned: one check per file, joined by `inspection`.

A false alarm is worse than a miss: a check speaks only where honest code has no reason to look like that, and says
what it saw so that a person can check it.
"""
