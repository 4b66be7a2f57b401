"""The sentences of the assistant dialogues; `synthetic.phrasings.partition` deals them out to the splits."""
