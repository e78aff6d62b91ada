"""Tests what a backend really isolates on this machine."""
