"""Who can answer: vendors as data, and the targets a configuration makes of them."""
