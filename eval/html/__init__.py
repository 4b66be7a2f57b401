"""The report: one self-contained HTML file with curves, tables, diagnosis and the memory theatre."""
