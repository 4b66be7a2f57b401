"""What memory designs are made of."""
