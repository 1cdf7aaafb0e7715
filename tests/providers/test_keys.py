"""Several keys of one provider: whose turn it is, who cools down, and who stays with whom."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.errors import ApiError, Kind
from ccproxy.providers.keys import COOLING_LIMIT, LIMITED_SECONDS, REFUSED_SECONDS, Fault, Keys
from ccproxy.providers.provider import Provider
from ccproxy.providers.target import KeyChoice, Target
from ccproxy.secret import Secret


def target(choice: KeyChoice = KeyChoice.ROUND_ROBIN, keys: int = 3, model: str = "m") -> Target:
    """A target of a provider with so many keys."""
    first, *further = [Secret(f"key-{n}") for n in range(1, keys + 1)]
    return Provider.of(
        "p", base_url="http://p.test/v1", dialect="openai_chat", key=first, further_keys=further, key_choice=choice
    ).target(model)


def limited(seconds: float | None = None) -> ApiError:
    """A 429."""
    return ApiError(Kind.OVERLOADED, "slow down", status=429, retry_after=seconds)


class LimitTests(SynchronousTestCase):
    """How much is remembered."""

    def test_cool_downs(self) -> None:
        """Those that are over are forgotten first; where none is, the oldest."""
        keys = Keys()
        which = [target(keys=2, model=f"m{n}") for n in range(COOLING_LIMIT + 2)]
        keys.failed(which[0], limited(1000), 0)
        keys.failed(which[1], limited(5), 0)
        for one in which[2:COOLING_LIMIT]:
            keys.failed(one, limited(1000), 0)
        keys.failed(which[COOLING_LIMIT], limited(1000), 10)
        self.assertTrue(keys.wait(which[0], 10))
        self.assertEqual(len(keys.cooling(10)), COOLING_LIMIT)
        keys.failed(which[COOLING_LIMIT + 1], limited(1000), 10)
        self.assertEqual(len(keys.cooling(10)), COOLING_LIMIT)
        self.assertFalse(keys.wait(which[0], 10))
        self.assertTrue(keys.wait(which[2], 10))


class OrderTests(SynchronousTestCase):
    """Which key is asked, and which comes next."""

    def setUp(self) -> None:
        self.keys = Keys()

    def order(self, which: Target, conversation: str = "", now: float = 0.0) -> list[int]:
        """The numbers of the keys, in the order in which they are to be asked; the first one is asked."""
        ordered = self.keys.order(which, conversation, now)
        self.keys.asked(ordered[0], lambda: conversation)
        return [keyed.key_number for keyed in ordered]

    def test_one_key(self) -> None:
        """A provider with one key has nothing to choose, and nothing is kept of it."""
        self.assertEqual(self.order(target(keys=1), "c"), [1])
        self.assertEqual(self.keys.running(), {})

    def test_keys_differ_in_nothing_else(self) -> None:
        """Each has its own secret and its own account: sealed state goes back only where it came from."""
        which = target()
        all_of_them = (which, *which.others)
        self.assertEqual([keyed.key.reveal() for keyed in all_of_them], ["key-1", "key-2", "key-3"])
        self.assertEqual(len({keyed.account for keyed in all_of_them}), 3)
        self.assertEqual({keyed.name for keyed in all_of_them}, {"p,m"})

    def test_round_robin(self) -> None:
        """Each conversation gets the next key."""
        which = target()
        self.assertEqual([self.order(which)[0] for _ in range(5)], [1, 2, 3, 1, 2])

    def test_fill_first(self) -> None:
        """All get the first key that is free."""
        which = target(KeyChoice.FILL_FIRST)
        self.assertEqual([self.order(which)[0] for _ in range(3)], [1, 1, 1])
        self.keys.failed(which, limited(5), 0)
        self.assertEqual(self.order(which, now=4)[0], 2)
        self.assertEqual(self.order(which, now=6)[0], 1)

    def test_least_loaded(self) -> None:
        """Each gets the key with the fewest exchanges under way."""
        which = target(KeyChoice.LEAST_LOADED)
        self.assertEqual([self.order(which)[0] for _ in range(3)], [1, 2, 3])
        self.keys.let_go(which.others[0])
        self.assertEqual(self.order(which)[0], 2)

    def test_affinity(self) -> None:
        """A conversation stays with its key, others get theirs."""
        which = target()
        self.assertEqual([self.order(which, name)[0] for name in "abcabcab"], [1, 2, 3, 1, 2, 3, 1, 2])

    def test_affinity_ends_with_the_key(self) -> None:
        """It moves when its key cools down, and stays with the new one: there its cache is warm now."""
        which = target()
        self.order(which, "a")
        self.keys.failed(which, limited(30), 0)
        moved = self.order(which, "a", now=1)[0]
        self.assertNotEqual(moved, 1)
        self.assertEqual(self.order(which, "a", now=100)[0], moved)

    def test_cooling(self) -> None:
        """A limited key is passed over as long as the upstream said; a refused or empty one for a minute."""
        for error, seconds, fault in (
            (limited(7), 7, Fault.LIMITED),
            (limited(), LIMITED_SECONDS, Fault.LIMITED),
            (ApiError(Kind.REFUSED_CREDENTIAL, "who?"), REFUSED_SECONDS, Fault.REFUSED),
            (ApiError(Kind.QUOTA, "empty"), REFUSED_SECONDS, Fault.SPENT),
        ):
            keys, which = Keys(), target(KeyChoice.FILL_FIRST)
            keys.failed(which, error, 0)
            self.assertEqual(keys.order(which, "", seconds - 1)[0].key_number, 2)
            self.assertEqual(keys.order(which, "", seconds)[0].key_number, 1)
            self.assertEqual([(one.number, one.fault) for one in keys.cooling(seconds - 1)], [(1, fault)])
            self.assertEqual(keys.cooling(seconds), [])

    def test_cooling_is_by_model(self) -> None:
        """A key that is limited for one model is free for another."""
        self.keys.failed(target(KeyChoice.FILL_FIRST), limited(30), 0)
        self.assertEqual(self.order(target(KeyChoice.FILL_FIRST, model="other"))[0], 1)

    def test_all_cooling(self) -> None:
        """Where all are, the one that is free soonest goes first."""
        which = target()
        for keyed, seconds in zip((which, *which.others), (30, 10, 20), strict=True):
            self.keys.failed(keyed, limited(seconds), 0)
        self.assertEqual(self.order(which), [2, 3, 1])
        self.assertTrue(self.keys.all_cooling(which, 9))
        self.assertFalse(self.keys.all_cooling(which, 10))

    def test_an_answer_ends_it(self) -> None:
        """A key that answers is good."""
        which = target(KeyChoice.FILL_FIRST)
        self.keys.failed(which, limited(30), 0)
        self.keys.answered(which)
        self.assertEqual(self.order(which)[0], 1)

    def test_no_key_to_blame(self) -> None:
        """Failures of the target, and a client's own login, cool nothing down."""
        which = target()
        for kind in (Kind.BROKEN, Kind.TIMEOUT, Kind.OVERLOADED, Kind.INVALID):
            self.keys.failed(which, ApiError(kind, "no"), 0)
        keyless = Provider.of("q", base_url="http://q.test", dialect="anthropic").target("m")
        self.keys.failed(keyless, limited(30), 0)
        self.assertEqual(self.keys.cooling(0), [])

    def test_let_go(self) -> None:
        """Nothing is counted when nothing runs."""
        which = target()
        for _ in range(2):
            self.order(which, "a")
        self.assertEqual(self.keys.running(), {which.account: 2})
        self.keys.let_go(which)
        self.keys.let_go(which)
        self.assertEqual(self.keys.running(), {})
