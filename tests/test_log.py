"""What the log says, and what it never says."""

import io
import json
import socket
from pathlib import Path
from tempfile import mkdtemp

from twisted.logger import Logger, LogLevel, LogPublisher
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.errors import ApiError, Kind
from ccproxy.exchange.record import Attempt, Outcome, Record
from ccproxy.log import EARLY_LIMIT, FORMS, Form, Journal, Output, fields
from ccproxy.model.usage import Reason, Stop, Usage
from ccproxy.routing.plans import Plan

RECORD = Record(
    id="req_1",
    client="client",
    dialect="anthropic",
    asked="claude-x",
    rule="route default",
    stream=True,
    outcome=Outcome.FINISHED,
    attempts=(Attempt("openai,gpt-x"),),
    plan=Plan.TRANSLATED,
    losses=("top_k",),
    first_content=0.25,
    total=1.5,
    usage=Usage(input=10, output=5, cache_read=3),
    stop=Stop(Reason.DONE, "stop"),
    error=None,
    request_bytes=100,
)


class OutputTests(SynchronousTestCase):
    """The observer."""

    def setUp(self) -> None:
        self.output = Output()
        self.stream = io.StringIO()
        self.log = Logger("ccproxy.test", observer=LogPublisher(self.output))

    def lines(self, form: Form) -> list[str]:
        self.output.configure(form, self.stream)
        return self.stream.getvalue().splitlines()

    def test_early_events(self) -> None:
        """What happens before the configuration is known is written once it is, in order, and not without end."""
        for number in range(EARLY_LIMIT + 5):
            self.log.info("event {number}", number=number)
        lines = self.lines(Form())
        self.assertEqual(len(lines), EARLY_LIMIT)
        self.assertTrue(lines[0].endswith("info event 0"))

    def test_level(self) -> None:
        """Events below the level are not written."""
        self.output.configure(Form(level=LogLevel.warn), self.stream)
        self.log.info("quiet")
        self.log.warn("loud")
        self.assertNotIn("quiet", self.stream.getvalue())
        self.assertIn("warn loud", self.stream.getvalue())

    def test_words_for_sockets(self) -> None:
        """What Twisted says of sockets that listen, by names of classes, is for those alone who want everything; the
        same words of anyone else are written."""
        theirs = Logger("log_legacy", observer=LogPublisher(self.output))
        for text in ("BoundedSite starting on 3456", "(TCP Port 3456 Closed)", "Site starting on '/run/a b'"):
            theirs.emit(LogLevel.info, "{log_text}", log_text=text)
        theirs.emit(LogLevel.info, "{log_text}", log_text="Received SIGTERM, shutting down.")
        self.log.info("work starting on 3456")
        said = [line.partition(" info ")[2] for line in self.lines(Form())]
        self.assertEqual(said, ["Received SIGTERM, shutting down.", "work starting on 3456"])
        self.output.configure(Form(level=LogLevel.debug), self.stream)
        theirs.emit(LogLevel.info, "{log_text}", log_text="BoundedSite starting on 3456")
        self.assertTrue(self.stream.getvalue().endswith("BoundedSite starting on 3456\n"))

    def test_text_names_the_exchange(self) -> None:
        """A line about an exchange begins with its id, which the client has too."""
        self.log.info(FORMS[Outcome.FINISHED], **fields(RECORD))
        (line,) = self.lines(Form())
        self.assertIn("req_1 claude-x -> openai,gpt-x: 13 in, 5 out", line)

    def test_json(self) -> None:
        """A JSON line has the fields, not only their sentence."""
        self.log.info(FORMS[Outcome.FINISHED], **fields(RECORD))
        (line,) = self.lines(Form(json=True))
        parsed = json.loads(line)
        self.assertEqual(parsed["exchange"], "req_1")
        self.assertEqual(parsed["tokens_in"], 13)
        self.assertEqual(parsed["first_content"], 0.25)
        self.assertEqual(parsed["level"], "info")
        self.assertEqual(parsed["losses"], "top_k")

    def test_every_outcome_has_a_form(self) -> None:
        """However an exchange ends there is a line for it, and the line can be written."""
        error = ApiError(Kind.BROKEN, "it broke")
        for outcome in Outcome:
            self.log.info(FORMS[outcome], **{**fields(RECORD), "status": error.status, "reason": error.message})
        for line in self.lines(Form()):
            self.assertNotIn("Unable to format", line)

    def test_secrets(self) -> None:
        """Whatever looks like a key is cut out, wherever it stands, in both forms."""
        secrets = ["sk-ant-api03-abcdefghijkl", "AIzaSyA1234567890abcdef", "gsk_abcdefghij0123456789"]
        for form in (Form(), Form(json=True)):
            self.stream.truncate(0)
            self.output = Output()
            self.output.configure(form, self.stream)
            log = Logger("ccproxy.test", observer=LogPublisher(self.output))
            for secret in secrets:
                log.info("sent {header} to {reason}", header=f"Bearer {secret}", reason=secret)
                try:
                    raise RuntimeError(f"no luck with {secret}")
                except RuntimeError:
                    log.failure("failed")
                self.assertNotIn(secret, self.stream.getvalue())
            self.assertIn("no luck", self.stream.getvalue())
        self.flushLoggedErrors()

    def test_a_log_that_cannot_be_written(self) -> None:
        """A full disk loses the line, and nothing else."""

        class Full(io.StringIO):
            def write(self, _text: str) -> int:
                raise OSError("no space left on device")

        self.output.configure(Form(), Full())
        self.log.info("lost")


class JournalTests(SynchronousTestCase):
    """Events as entries of the journal."""

    def setUp(self) -> None:
        directory = Path(mkdtemp(prefix="ccproxy"))
        self.addCleanup(directory.rmdir)
        self.path = directory / "socket"
        self.addCleanup(self.path.unlink, missing_ok=True)
        self.journal = Journal(str(self.path))
        self.addCleanup(self.journal.close)
        self.output = Output()
        self.stream = io.StringIO()
        self.log = Logger("ccproxy.test", observer=LogPublisher(self.output))

    def listening(self) -> socket.socket:
        """The journal's end."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(listening.close)
        listening.bind(str(self.path))
        listening.settimeout(5)
        return listening

    def test_entry(self) -> None:
        """An exchange can be found by its id, target and outcome; its line is the message."""
        listening = self.listening()
        self.output.configure(Form(journal=self.journal), self.stream)
        self.log.warn(FORMS[Outcome.FINISHED], **fields(RECORD))
        lines = listening.recv(65536).decode().splitlines()
        self.assertIn("PRIORITY=4", lines)
        self.assertIn("SYSLOG_IDENTIFIER=ccproxy", lines)
        self.assertIn("CCPROXY_REQUEST=req_1", lines)
        self.assertIn("CCPROXY_TARGET=openai,gpt-x", lines)
        self.assertIn("CCPROXY_OUTCOME=finished", lines)
        self.assertIn("CCPROXY_MODULE=ccproxy.test", lines)
        self.assertTrue(lines[0].startswith("MESSAGE=claude-x -> openai,gpt-x: 13 in, 5 out"), lines[0])
        self.assertEqual(self.stream.getvalue(), "")

    def test_secrets(self) -> None:
        """No field shows a key."""
        listening = self.listening()
        self.output.configure(Form(journal=self.journal), self.stream)
        self.log.info("sent {header}", header="Bearer sk-ant-api03-abcdefghijkl")
        said = listening.recv(65536)
        self.assertNotIn(b"abcdefghijkl", said)
        self.assertIn(b"CCPROXY_HEADER=", said)

    def test_no_journal(self) -> None:
        """Without a journal text is written; with the journal back, entries are again."""
        self.output.configure(Form(journal=self.journal), self.stream)
        self.log.info("one")
        self.assertIn("info one", self.stream.getvalue())
        listening = self.listening()
        self.log.info("two")
        self.assertIn(b"MESSAGE=two\n", listening.recv(65536))
        self.assertNotIn("two", self.stream.getvalue())

    def test_stuck(self) -> None:
        """A journal that takes nothing is waited for once, and then only looked at, until it takes entries again."""
        listening = self.listening()
        self.output.configure(Form(journal=self.journal), self.stream)
        for number in range(5000):
            self.log.info("{number}", number=number)
        self.assertEqual(self.stream.getvalue(), "")
        self.assertIn(b"MESSAGE=0\n", listening.recv(65536))
        self.log.info("again")
        listening.setblocking(False)
        heard = []
        with self.assertRaises(BlockingIOError):
            while True:
                heard.append(listening.recv(65536))
        self.assertIn(b"MESSAGE=again\n", heard[-1])
