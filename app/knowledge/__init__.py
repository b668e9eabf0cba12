"""What admins see and do with documents and sources."""
