"""Roles: the work that memory designs give to a language model, done by rules or by one."""
