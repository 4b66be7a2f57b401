"""Language policies: causal language models that read prompts and write operations, rankings or answers."""
