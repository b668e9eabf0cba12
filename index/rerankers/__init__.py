"""Rerankers: adapters that judge a question and a text together; a vendor's types stop here."""
