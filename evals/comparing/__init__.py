"""Two or more stored runs beside each other: differences, verdicts, what turned."""
