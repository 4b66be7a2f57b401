"""Manager and retrieval episodes: the domain logic that environments, rollouts and evaluation share."""
