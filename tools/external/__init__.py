"""Tools from outside: MCP servers and langchain-core tools, asked from inside a sandbox."""
