"""The families of tasks, by split: their words, and the rules that are drawn for them."""
