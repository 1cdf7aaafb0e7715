"""The vendors, one row each: where they are, what their key is called, and how they depart from their dialect.

`rows` puts them side by side. A vendor whose models must be told apart has a module of its own; `hosts` are services
that run open models, `servers` are programs of one's own, and `compatible` lists the many of which only the address is
known. What vendors say of themselves changes: a row states what was known of it when it was written, and `quirks` in
the configuration corrects it. Whatever a row leaves out is as in `dialects.quirks.Quirks`.

Several vendors offer an endpoint of Anthropic's dialect beside their own. Its requests go there untouched, which loses
nothing only where the endpoint takes all that a client may say: what it lacks (late system messages, server tools,
documents, adaptive thinking, another vendor's seals in a conversation that changed its model) it refuses, and nobody is
left who could put it in other words. So the default is the chat dialect wherever that carries the vendor's reasoning
both ways, and Anthropic's for MiniMax alone, whose chat answers mix reasoning into the text. `dialect` in the
configuration chooses the other one.
"""
