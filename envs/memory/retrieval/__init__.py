"""Retrievers: rankings of the entries of a store for a query."""
