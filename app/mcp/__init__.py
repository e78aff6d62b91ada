"""Pelagos as an MCP server: its tools, their results, and how they are served."""
