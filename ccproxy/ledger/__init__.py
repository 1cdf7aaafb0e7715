"""What is kept of exchanges, and what they cost. At worst a record is lost; no exchange is ever slowed or broken."""
