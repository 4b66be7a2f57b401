"""What rollouts of both kinds of policies share: tasks, figures, recordings and the Ray session."""
