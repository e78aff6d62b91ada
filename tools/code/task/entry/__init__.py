"""Parses and checks the `entry` of a task file: the command line that starts the program."""
