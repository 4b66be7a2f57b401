"""Policies that manage memory or rank what it holds, and the loop that plays episodes with them."""
