"""The coder: builds a version from a plan with prompts, drafts, repairs, cause classes and tracebacks."""
