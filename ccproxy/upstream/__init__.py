"""The only way out: one client over one pool, and one table of how connections fail. Twisted begins here."""
