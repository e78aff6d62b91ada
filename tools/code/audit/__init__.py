"""Audits whether a version's result is earned: one check per file, joined by `inspection`.

A false alarm is worse than a miss: a check reports only what honest code has no reason to do, and states what it found
so that a person can verify it.
"""
