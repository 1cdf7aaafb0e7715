"""What is counted and measured, for Prometheus and for the pages: observers, and what they write."""
