"""The vocabulary of Footnote: documents, answers, ports, errors, settings, log. Imports no sibling."""
