"""Multi-step domains whose steps and outcomes can be checked exactly."""
