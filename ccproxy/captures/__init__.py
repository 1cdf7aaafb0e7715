"""Captures: exchanges word for word, as their client and as their upstreams saw them, for whoever looks for a fault.

    captures.capture    hears one exchange, in the reactor: it only notes what comes by
    captures.note       what it notes
    captures.spool      gathers the notes of all of them, and has them written in a thread
    captures.files      writes them, masked, a file for each exchange; deletes what is too old or too much
    captures.masks      what nobody is to see
    captures.pieces     the same, where it comes in pieces
    captures.shelf      the files that there are
    captures.form       how a file is written, so that it can be read as far as it goes
    captures.captured   a file, read
    captures.folded     an answer, as what it says
    captures.outline    requests and answers as lines
    captures.difference two of them, side by side
    captures.seen       what of that is shown of one exchange
    captures.curl       a request, as a command that sends it again

Nothing of this is there for an exchange that is not captured.
"""
