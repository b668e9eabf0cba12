"""Sources to a searchable index: find, parse, chunk, embed, store; safe to run again."""
