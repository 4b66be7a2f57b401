"""What rollouts of both kinds of policy share: tasks, figures, recordings and the Ray session."""
