"""Policies that manage memory or rank what it holds, engines and graders, and the player of episodes."""
