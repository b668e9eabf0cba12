"""Questions to grounded answers, and the faces that people use: web and command line."""
