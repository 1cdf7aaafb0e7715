"""Limits as a client meets them: headers on every answer, a refusal it can obey, and nothing held afterwards."""

from twisted.trial.unittest import SynchronousTestCase

from ccproxy.access.clients import Client
from ccproxy.access.limits import Admission, Allowance, Limits
from ccproxy.access.principals import Keyring
from ccproxy.exchange.record import Outcome
from ccproxy.secret import Secret
from tests.support.wire import ClientConnection, Wire, chat

KEY = {"x-api-key": "annas-key"}


def wire(limits: Limits, models: tuple[str, ...] = ()) -> Wire:
    """The proxy, for one client with these limits."""
    return Wire(keyring=Keyring(Secret(""), clients=[(Client("anna", models, limits=limits), Secret("annas-key"))]))


def answer(proxy: Wire, tokens: int = 12) -> None:
    """The next upstream answers with so many tokens of output."""
    up = proxy.upstream()
    up.head()
    usage = {"prompt_tokens": 0, "completion_tokens": tokens, "total_tokens": tokens}
    up.say(b"".join(chat({"content": "Hi"}, usage=usage)))
    up.end()
    proxy.pool.close()


def broken(proxy: Wire) -> None:
    """The next upstream breaks off in the middle of its answer."""
    up = proxy.upstream()
    up.head()
    up.say(chat({"content": "Hi"})[0])
    up.drop()


def headers(client: ClientConnection) -> dict[str, str]:
    """What an answer says of limits."""
    found = client.answer.headers
    return {name: found[name] for name in found if "ratelimit" in name or name in ("retry-after", "x-should-retry")}


class Turnstiles(SynchronousTestCase):
    """One client, through the whole proxy."""

    def test_requests(self) -> None:
        """An answer tells what is left; a request too many is refused as Claude Code expects, and never sent on."""
        proxy = wire(Limits(Allowance(2)))
        for left in ("1", "0"):
            client = proxy.ask(KEY)
            answer(proxy)
            self.assertEqual(client.answer.status, 200)
            self.assertEqual(client.answer.headers["anthropic-ratelimit-requests-remaining"], left)
        refused = proxy.ask(KEY)
        self.assertEqual(refused.answer.status, 429)
        self.assertEqual(refused.answer.json["error"]["type"], "rate_limit_error")
        told = headers(refused)
        self.assertEqual((told["retry-after"], told["x-should-retry"]), ("30", "true"))
        self.assertEqual(told["anthropic-ratelimit-requests-remaining"], "0")
        self.assertEqual(proxy.upstreams.pending, [])
        self.assertIs(proxy.records[-1].outcome, Outcome.REFUSED)
        proxy.clock.advance(30)
        proxy.ask(KEY)
        answer(proxy)
        self.assertTrue(proxy.at_rest)

    def test_tokens(self) -> None:
        """Tokens are counted as the upstream tells them, when the answer is over."""
        proxy = wire(Limits(tokens=Allowance(1000)))
        proxy.ask(KEY)
        answer(proxy, 1090)
        refused = proxy.ask(KEY)
        self.assertEqual(refused.answer.status, 429)
        self.assertIn("1000 tokens a minute", refused.answer.json["error"]["message"])

    def test_concurrent(self) -> None:
        """A place is given back however an exchange ends: finished, abandoned, refused by the upstream, or broken."""
        proxy = wire(Limits(concurrent=1))
        ends = {
            "finished": lambda client: answer(proxy),
            "abandoned": lambda client: client.leave(),
            "refused": lambda client: proxy.upstream().whole(b'{"error": {"message": "no"}}', 400),
            "broken": lambda client: broken(proxy),
        }
        for name, end in ends.items():
            client = proxy.ask(KEY)
            proxy_refuses = proxy.ask(KEY)
            self.assertEqual(proxy_refuses.answer.status, 429, name)
            end(client)
            self.assertEqual(len(proxy.running), 0, name)
            proxy.upstreams.pending.clear()
            proxy.pool.close()

    def test_without_limits(self) -> None:
        """Without limits no word is said of them."""
        proxy = Wire()
        client = proxy.ask()
        answer(proxy)
        self.assertEqual(headers(client), {})

    def test_per_address(self) -> None:
        """An address has its limit whatever key comes from there."""
        proxy = Wire(apikey="k", admission=Admission(Limits(Allowance(1))))
        proxy.ask({"x-api-key": "k"}, peer="203.0.113.5")
        answer(proxy)
        self.assertEqual(proxy.ask({"x-api-key": "k"}, peer="203.0.113.5").answer.status, 429)
        proxy.ask({"x-api-key": "k"}, peer="203.0.113.6")
        answer(proxy)

    def test_models(self) -> None:
        """A model that a client may not ask for is refused, for good; names that Claude Code dresses up are the same
        names."""
        proxy = wire(Limits(), ("gpt-*",))
        refused = proxy.ask(KEY, model="o3")
        self.assertEqual((refused.answer.status, headers(refused)), (403, {"x-should-retry": "false"}))
        self.assertEqual(proxy.upstreams.pending, [])
        for model in ("gpt-5", "claude-via-gpt-5", "gpt-5[1m]"):
            proxy.ask(KEY, model=model)
            answer(proxy)
