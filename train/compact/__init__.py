"""Training of compact policies: players, trajectories, learner and trainer."""
