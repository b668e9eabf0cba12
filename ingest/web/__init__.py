"""Web pages as a source: which addresses may be reached, how pages are fetched and found."""
