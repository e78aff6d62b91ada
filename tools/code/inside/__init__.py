"""Hooks that run inside the sandbox beside a program, with the standard library alone: start, trace, count, report."""
