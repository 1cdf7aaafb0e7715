"""Other programs' configurations, read as they are: one reader for each format.

`shapes` tells a format by what only it has, and hands the document to its reader. A reader makes our own document of
it, as somebody would write it by hand: it knows no settings and judges no values, so that what is wrong is found where
it is always found, and told in the words and lines of the file that was written (`Document.origins`). Each key that has
no meaning here, or another one, becomes a note that says so.

    parts                 a foreign document that knows what was read of it; our own in the making
    orchestre             orchestre-dev/ccproxy: config.json
    aistack               aistackhq/claude-code-proxy: settings.json, in three layers
    starbased, litellm    starbased-co/ccproxy: ccproxy.yaml, and the config.yaml of LiteLLM beside it
    claude_code_router    musistudio/claude-code-router: config.json
"""
