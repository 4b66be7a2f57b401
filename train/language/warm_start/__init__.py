"""The supervised warm start of a language policy."""
