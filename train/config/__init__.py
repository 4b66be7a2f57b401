"""The configuration of a run: its tables, their checks, and the files and overrides it is read from."""
