"""Opens what a citation stands on: the document, its page, its original, and why it was found."""
