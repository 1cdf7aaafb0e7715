"""`GET /dashboard`: the page for people. All of it is rendered here; its one script only keeps it up to date."""
