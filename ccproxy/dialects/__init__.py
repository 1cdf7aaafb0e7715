"""The languages clients and upstreams speak. Each translates its wire to the model and back, and knows no other.

Every dialect has the same five files (`requests`, `responses`, `streams`, `errors`, `tables`), so to learn one is to
know where to look in all. `registry` has them side by side.
"""
