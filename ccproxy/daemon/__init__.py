"""What a daemon does besides serving: it listens, takes over a new configuration, and lets go at the end."""
