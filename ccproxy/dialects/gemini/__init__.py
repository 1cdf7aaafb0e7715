"""Google's generateContent, as an upstream: Gemini Developer API and what speaks like it.

Facts are from the google-genai SDK's types and Google's documents. Its requests name the model in the path, which is
why `peek` finds none in a body. Beside the five files that every dialect has: `contents` writes turns, `tools` and
`thinking` their parts of a request, `signatures` knows what travels in seals, `inbound` reads a request back, `chunks`
reads what each piece of an answer says, `arguments` joins the arguments that Vertex streams in pieces.
"""
