"""How memory designs are played: who decides, episodes, policies, features of decisions."""
