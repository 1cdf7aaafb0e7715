"""The model between the dialects: requests, replies and the events of a stream, as frozen values.

Everything a dialect can say and another can understand has a word here. What only one dialect knows rides along in
`extras` under that dialect's name, or as an `Opaque` part, and goes back to that dialect alone.
"""
