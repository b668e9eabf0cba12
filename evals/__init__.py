"""Cases, metrics and reports that measure the quality of answers."""
