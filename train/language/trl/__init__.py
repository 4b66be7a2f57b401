"""Training by TRL's GRPOTrainer in place of memdojo's learner."""
