"""Commands about this machine: what it has, which models and data, what holds on it."""
