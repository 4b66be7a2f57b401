"""Training of policies: configuration, rollouts, advantages, learners and run folders.

Modules are imported by name: `memdojo.train.config` and `memdojo.train.runs` need no torch, the others do.
"""
