"""Runs tool calls in the sandbox: calls are checked, carried out in order, and their tables read by strict types."""
