"""Tables of results and findings, and how they are rendered."""
