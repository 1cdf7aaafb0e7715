"""Keys: made, hashed, and found again at the same cost whoever's they are."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.access import keys
from ccproxy.access.hashes import BadHash, KeyHash
from ccproxy.access.keys import UNKNOWN_LIMIT, Keys, hash_of, new_key

QUICK = KeyHash(10, b"s" * 16, b"d" * 32)
"""Cheap enough to be made in a test."""


class Hashes(SynchronousTestCase):
    """What a configuration keeps of a key."""

    def test_round_trip(self) -> None:
        """A hash is read as it was written, and is that of its key alone."""
        made = hash_of("one", QUICK)
        self.assertEqual(KeyHash.parse(str(made)), made)
        self.assertEqual(hash_of("one", QUICK), made)
        self.assertNotEqual(hash_of("two", QUICK), made)

    def test_salt(self) -> None:
        """Without another hash to go by, the salt is new each time."""
        self.assertNotEqual(hash_of("one").salt, hash_of("one").salt)

    def test_nothing_is_shown(self) -> None:
        """The repr of a hash shows neither salt nor digest."""
        self.assertEqual(repr(QUICK), "KeyHash(work=10)")

    def test_bad(self) -> None:
        """What is no hash, or one that would cost nothing or too much, is refused."""
        good = str(QUICK)
        for text in (
            "",
            "secret",
            good.replace("scrypt", "md5"),
            good.replace("$10$", "$9$"),
            good.replace("$10$", "$18$"),
            good.replace("$10$", "$x$"),
            good[:-1],
            good + "A",
            good.replace("$10$", "$10$$"),
            "scrypt$10$YQ$" + good.rpartition("$")[2],
            good + "$",
        ):
            with self.assertRaises(BadHash, msg=text):
                KeyHash.parse(text)

    @settings(max_examples=200, deadline=None)
    @given(st.text(max_size=120))
    def test_any_text(self, text: str) -> None:
        """Any text is a hash or a `BadHash`, and what is read is written the same."""
        try:
            parsed = KeyHash.parse(text)
        except BadHash:
            return
        self.assertEqual(KeyHash.parse(str(parsed)), parsed)

    def test_new_keys(self) -> None:
        """Keys that we make are all different, long, and can be sent in a header."""
        made = {new_key() for _ in range(100)}
        self.assertEqual(len(made), 100)
        for key in made:
            self.assertRegex(key, r"^ccp-[A-Za-z0-9_-]{43}$")


class Finding(SynchronousTestCase):
    """Whose a key is."""

    def test_plain(self) -> None:
        """A key that is in the configuration is found at once, and no other is."""
        known = Keys([("a", "anna"), ("b", "bert")])
        self.assertEqual([known.find(key) for key in ("a", "b", "c", "")], ["anna", "bert", None, None])
        self.assertIsNone(known.proof("c"))

    def test_hashed(self) -> None:
        """A key that is kept as a hash is found when it has been proven, which happens once."""
        known = Keys([("a", "anna")], [(hash_of("b", QUICK), "bert"), (hash_of("c", QUICK), "carl")])
        self.assertIsNone(known.find("b"))
        proof = known.proof("b")
        proof.settle(proof.run())
        self.assertEqual(known.find("b"), "bert")
        self.assertIsNone(known.proof("b"))
        self.assertIsNone(known.proof("a"))

    def test_unknown(self) -> None:
        """An unknown key is proven to be nobody's, once; then it costs no more than a known one."""
        known = Keys([], [(hash_of("b", QUICK), "bert")])
        proof = known.proof("x")
        proof.settle(proof.run())
        self.assertIsNone(known.find("x"))
        self.assertIsNone(known.proof("x"))

    def test_same_work(self) -> None:
        """An unknown key costs as many runs of the slow function as a known one: one for each salt."""
        other = KeyHash(10, b"t" * 16, b"d" * 32)
        hashes = [(hash_of("b", QUICK), "bert"), (hash_of("c", QUICK), "carl"), (hash_of("d", other), "dora")]
        runs: list[bytes] = []
        slow = keys._scrypt
        self.patch(keys, "_scrypt", lambda key, work, salt: (runs.append(salt), slow(key, work, salt))[1])
        for key, owner in (("b", "bert"), ("d", "dora"), ("x", None)):
            runs.clear()
            self.assertEqual(Keys([], hashes).proof(key).run(), owner)
            self.assertEqual(runs, [QUICK.salt, other.salt], key)

    def test_forgetting(self) -> None:
        """Only so many wrong keys are remembered, and no right one is forgotten for their sake."""
        known = Keys([], [(hash_of("b", QUICK), "bert")])
        known.proof("b").settle("bert")
        for number in range(UNKNOWN_LIMIT + 1):
            known.proof(f"wrong {number}").settle(None)
        self.assertIsNotNone(known.proof("wrong 0"))
        self.assertIsNone(known.proof("wrong 1"))
        self.assertEqual(known.find("b"), "bert")
