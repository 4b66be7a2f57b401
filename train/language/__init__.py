"""Training of language policies: rows, rollouts, warm start, learner."""
