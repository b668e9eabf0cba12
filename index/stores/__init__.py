"""Vector stores: adapters behind one interface; a vendor's types stop here."""
