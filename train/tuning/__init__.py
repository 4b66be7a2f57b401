"""Searching for better values of a configuration's keys, by scores on the validation streams."""
