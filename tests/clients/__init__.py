"""The real clients, through a real daemon, against scripted upstreams: nothing is simulated but the model."""
