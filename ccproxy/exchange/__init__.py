"""One client request and everything said in answer.

`dispatch.Dispatch.serve` tells the story; a `relay.Relay` moves an upstream's body through a pipe of `pipes` into a
`reply.Reply`; a `meter.Meter` watches and makes the record. The states of an exchange, and what each input does in them
(every cell is a test in `tests/exchange/test_states.py`):

    state      client leaves    upstream headers  content seen  upstream error    stall             upstream ends
    OPENING    cancel, ABANDONED  2xx: HELD;      -             next target or    next target       next target
                                else next target                ANSWERED
    HELD       stop, ABANDONED  -                 commit,       next target or    next target       next target
                                                  STREAMING     ANSWERED
    STREAMING  stop, ABANDONED  -                 write         in-band, FINISHED in-band, FINISHED clean: FINISHED;
                                                                                                    cut: in-band
    ANSWERED, FINISHED, ABANDONED: every input is ignored, and no timer runs.

OPENING and ANSWERED live in `dispatch`, the others in `relay`. Where a route lets answers be resumed, "in-band" is
first OPENING the next target, which goes on (`voice`, `resuming`). When the grace time ends or the hold limit is
reached in HELD, a stream is committed. A whole reply is held until it is complete and valid, however long: nothing can
be told in-band there, so nothing is said before it is known to be good, and another target may still answer. Pause and
resume act in HELD and STREAMING and are ignored elsewhere.
"""
