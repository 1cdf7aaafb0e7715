"""How many tokens a request costs: by tiktoken where its ranks are there, by an estimate where not.

`estimate` and `ranks` measure text, `media` what is no text, and `counting` a whole request with either. `factors`
learns how far a model's own count is from ours. Pure: no thread, no network, no clock; whoever calls decides where.
"""
