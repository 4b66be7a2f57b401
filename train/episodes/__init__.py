"""Which episodes an update plays: splits, schedule, curriculum, draws and the memories they start from."""
