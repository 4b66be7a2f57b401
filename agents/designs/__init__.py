"""Memory designs of the field: how each writes, reads and learns, with its choices left open."""
