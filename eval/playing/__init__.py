"""Playing policies on held-out streams and collecting their results."""
