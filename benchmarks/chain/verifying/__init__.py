"""The verifiers that are compared, how they are trained, and what they read."""
