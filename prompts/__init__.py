"""Versioned templates as Markdown files, and the loader that is strict about them."""
