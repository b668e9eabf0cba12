"""How the answers have been: counts over time, gaps in the documents, flags, evaluation runs."""
