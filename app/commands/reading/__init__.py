"""Commands that read runs and change nothing."""
