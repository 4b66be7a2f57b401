"""Searching for memory designs: parameters, budgets, and the writing of one with the reading of another."""
