"""Streams, memory, episodes, and the Gymnasium environments over them."""
