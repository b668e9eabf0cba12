"""One file for each schema version, oldest first; a released file is never edited."""
