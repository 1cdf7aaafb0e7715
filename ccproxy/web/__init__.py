"""The web side: what is heard on our sockets, and which resource answers.

`site` bounds what a request may be, `root` has every URL on one screen, `endpoint` turns a POST into a call.
"""
