"""Anthropic's Messages: the dialect of Claude Code.

`requests` (with `contents` and `tools`) reads what a client asks, `outgoing` (with `turns`) asks an upstream,
`streams` and `responses` read what it answers; `responses` and `writing` write an answer for a client, as its
`audience` may see it. `errors` reads and tells failures, `models` knows what each generation of Claude takes, `tables`
has the words.
"""
