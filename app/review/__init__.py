"""The review page: what the runs of a project did, in the browser, and what a person decides about it."""
