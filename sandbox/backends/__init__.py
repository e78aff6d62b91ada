"""The backends that isolate a program: bubblewrap, containers, or nothing (unsafe)."""
