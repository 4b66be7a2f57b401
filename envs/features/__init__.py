"""Array observations of manager and retrieval episodes."""
