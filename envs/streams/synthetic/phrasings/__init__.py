"""The sentences of the synthetic dialogues, and how they are partitioned among the splits."""
