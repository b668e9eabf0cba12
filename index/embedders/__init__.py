"""Embedders: adapters that turn texts into unit vectors; a vendor's types stop here."""
