"""Each file of the other programs' users: loaded, told about, and used. The daemon is the real one, in memory."""

import json
from pathlib import Path

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.config.load import Loaded, loaded
from ccproxy.front import make_front, new_id
from ccproxy.lasting import Lasting
from ccproxy.tokens.ruler import ESTIMATE
from ccproxy.web.site import BoundedSite
from tests.config.imports.files import FILES, Asked, File
from tests.support.wire import Wire


class UseTests(SynchronousTestCase):
    """What a file means is what the upstreams see."""

    def loaded(self, file: File) -> Loaded:
        """The file as it would be found in the home directory."""
        home = Path(self.mktemp()).absolute()
        place = home / ".ccproxy"
        place.mkdir(parents=True)
        for name, text in ((file.name, file.text), *file.others.items()):
            (place / name).write_text(text)
        return loaded(None, {"HOME": str(home), **file.environ}, directories=[str(place)])

    def wire(self, read: Loaded) -> Wire:
        """The daemon that this configuration makes."""
        wire = Wire()
        lasting = evolve(Lasting.make(wire.clock, ESTIMATE), pool=wire.pool)
        front = make_front(read.settings, lasting)
        wire.site = BoundedSite(front.root, wire.clock, front.body_limit, new_id)
        wire.site.timeOut = None
        return wire

    def test_used(self) -> None:
        """Every question comes to the provider that its user means, with that one's key, and asks for the model."""
        for file in FILES:
            read = self.loaded(file)
            for question in file.asked:
                with self.subTest(file=file.title, model=question.model, fields=sorted(question.fields)):
                    self.ask(self.wire(read), read, question)

    def ask(self, wire: Wire, read: Loaded, question: Asked) -> None:
        key = read.settings.apikey.reveal()
        client = wire.ask({"x-api-key": key} if key else {}, model=question.model, **question.fields)
        self.assertEqual(len(wire.upstreams.pending), 1, client.received[:500])
        upstream = wire.upstream()
        line, headers, body = upstream.request
        self.assertEqual(wire.upstreams.seen[-1][0].decode(), question.host, question)
        self.assertEqual(line.replace("?beta=true", ""), question.line)
        if question.upstream_model:
            self.assertEqual(json.loads(body)["model"], question.upstream_model)
        sent = [headers.get(name) for name in ("authorization", "x-api-key", "x-goog-api-key")]
        self.assertIn(question.key, sent)
        client.leave()

    def test_ports(self) -> None:
        """Each listens where its own program did, and on this machine alone unless a key is set."""
        for file in FILES:
            settings = self.loaded(file).settings
            self.assertEqual(settings.port, file.port, file.title)
            host = "0.0.0.0" if settings.apikey and '"0.0.0.0"' in file.text else "127.0.0.1"
            self.assertEqual(settings.listen, (f"tcp:{file.port}:interface={host}",), file.title)

    def test_notes(self) -> None:
        """What is not taken is told with its key, its file, its line, and why; and no key of anybody's is shown."""
        for file in FILES:
            document = self.loaded(file).document
            self.assertEqual(document.tradition, file.tradition, file.title)
            told = {note.place.rpartition(": ")[2]: note for note in document.notes}
            for key, word in file.notes.items():
                self.assertIn(key, sorted(told))
                self.assertIn(word, told[key].text)
                self.assertRegex(told[key].place, r"/(config|settings|ccproxy)\.\w+, line \d+: ")
            self.assertNotIn("sk-", " ".join(map(str, document.notes)))
