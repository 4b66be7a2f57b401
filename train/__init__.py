"""Training of policies: configuration, rollouts, advantages, learners and run folders.

Modules are imported by name: those of `config/` and `runs/` need no torch, nearly all others do.
"""
