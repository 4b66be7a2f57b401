"""The choice of episodes for an update: splits, schedule, curriculum, draws and the memories they start
from.
"""
