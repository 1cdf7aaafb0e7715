"""Servers in threads, for tests of commands that are processes of their own or wait for what they ask."""

import threading
from socketserver import BaseServer
from typing import TypeVar
from unittest import TestCase

Server = TypeVar("Server", bound=BaseServer)


def serving(test: TestCase, server: Server) -> Server:
    """This one, which serves for as long as the test runs."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    test.addCleanup(thread.join)
    test.addCleanup(server.server_close)
    test.addCleanup(server.shutdown)
    return server
