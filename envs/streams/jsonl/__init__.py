"""memdojo's JSON Lines format of streams: schema, rules, reading and writing."""
