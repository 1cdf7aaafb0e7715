"""Who may ask: clients known by key or by where they are."""
