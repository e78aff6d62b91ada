"""Build vLLM's environment, convert weights for it and run its server."""
