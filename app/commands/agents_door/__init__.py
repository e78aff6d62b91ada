"""Commands by which other agents use Pelagos: check an idea, judge an experiment, serve both as an MCP server."""
