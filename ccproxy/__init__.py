"""ccproxy: any LLM provider behind the API that a client already speaks.

ccproxy relays *exchanges*. An exchange is one client request and everything said in answer. A request goes this way:

    web.site             a socket becomes a complete, bounded request
    web.root, endpoint   a path becomes a resource, a request becomes a call
    access.principals    who asks
    dialects.*.requests  peek: which model, stream or not
    access.limits        whether it may ask now
    routing.routes       which targets may answer, in which order, and why
    exchange.failover    one target after the other, until one answers
    routing.plans        verbatim, patched or translated
    dialects, model      the client's dialect to the model, the model to the upstream's dialect
    exchange.question    what one target is asked
    exchange.opening     it is asked, once more where that may help
    upstream.client      the request goes out; its headers come back
    exchange.lanes       which pipe, by what the client wants and the upstream really sends
    exchange.pipes       upstream bytes become client bytes, and events for whoever watches
    exchange.relay       moves them, keeps time, and lets a slow client slow the upstream
    exchange.reply       what may still be said to this client

`exchange.dispatch` tells the story in code; `lasting`, `dispatching`, `front` and `service` wire it; `tap` starts it.
Modules stand on floors and import downwards only: errors; headers, secret, wire; model; dialects; providers, access,
tokens; routing; config; upstream; exchange; hooks, rules; captures, ledger, metrics; web; log; daemon; demo; lasting;
dispatching; front; service; tap; cli. Nothing below upstream knows Twisted. `tests/test_floors.py` keeps it so.
"""

__version__ = "0.1.0"
