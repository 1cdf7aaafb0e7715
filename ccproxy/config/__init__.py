"""What the operator wrote, read into `Settings`, and what follows from it: providers and routes."""
