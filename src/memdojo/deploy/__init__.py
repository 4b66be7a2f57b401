"""A trained memory in programs: the memory agent, its file, and the tools of the MCP server."""
