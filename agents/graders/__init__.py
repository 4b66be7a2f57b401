"""Language models that answer questions and judge answers, behind caches."""
