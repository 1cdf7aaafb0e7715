"""What a usage costs: arithmetic, the list, the operator's own prices, and what is not known."""

import json
import zipfile
from pathlib import Path

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from ccproxy.dialects.anthropic.usage import read_usage
from ccproxy.dialects.openai_chat.usage import read_usage as read_chat_usage
from ccproxy.dialects.openai_responses.usage import read_usage as read_responses_usage
from ccproxy.dialects.quirks import Quirks
from ccproxy.ledger import pricelist
from ccproxy.ledger.price import FREE, Price
from ccproxy.ledger.prices import Prices, is_local, listed
from ccproxy.model.usage import Usage
from ccproxy.providers.target import Target


def target(vendor: str, model: str, url: str = "https://api.test/v1", provider: str = "") -> Target:
    """A target at a vendor, as the catalogue makes it."""
    return Target(provider or vendor, model, "openai_chat", url, quirks=Quirks(vendor=vendor, model=model))


class Arithmetic(SynchronousTestCase):
    """`Price.cost`, case by case; dollars for a million tokens."""

    def test_cases(self) -> None:
        """Each kind of token has its price, or that of what it is a part of."""
        plain = Price(2.0, 10.0)
        full = Price(2.0, 10.0, 0.2, 2.5, 4.0, 20.0, 0.01)
        tiered = Price(1.0, 8.0, above=((200_000, Price(2.0, 12.0)), (500_000, Price(4.0, 20.0))))
        million = 1_000_000
        cases = [
            (plain, Usage(input=million, output=million), 12.0),
            (plain, Usage(cache_read=million, input=0), 2.0),
            (plain, Usage(input=0, cache_written=million), 2.0),
            (plain, Usage(input=0, output=million, reasoning=million), 10.0),
            (full, Usage(input=million, output=million, cache_read=million, cache_written=million), 14.7),
            (full, Usage(input=0, cache_written=million, cache_written_long=400_000), 3.1),
            (full, Usage(input=0, output=million, reasoning=400_000), 14.0),
            (full, Usage(input=0, web_searches=3), 0.03),
            (full, Usage(output=1), 0.00001),
            (tiered, Usage(input=200_000, output=0), 0.2),
            (tiered, Usage(input=1, cache_read=200_000, output=million), 12.400002),
            (tiered, Usage(input=600_000, output=0), 2.4),
            (FREE, Usage(input=5, output=7), 0.0),
        ]
        for price, usage, dollars in cases:
            self.assertAlmostEqual(price.cost(usage), dollars, 9, f"{price} {usage}")

    def test_nobody_said(self) -> None:
        """An exchange whose usage nobody told has no cost; that is not the same as none."""
        self.assertIsNone(Price(1.0, 1.0).cost(Usage()))

    def test_times(self) -> None:
        """A factor changes all that there is, tiers included."""
        price = Price(1.0, 2.0, 0.5, above=((10, Price(3.0, 4.0)),)).times(2)
        self.assertEqual(price, Price(2.0, 4.0, 1.0, above=((10, Price(6.0, 8.0)),)))


class Known(SynchronousTestCase):
    """Which price a target has."""

    def test_listed(self) -> None:
        """The list knows the vendors' models, with their cached prices and their tiers, also by a dated name."""
        price = listed("anthropic", "claude-sonnet-4-5")
        assert price is not None
        self.assertEqual((price.input, price.output, price.cache_read), (3.0, 15.0, 0.3))
        self.assertEqual((price.cache_written, price.cache_written_long), (3.75, 6.0))
        self.assertEqual(listed("anthropic", "claude-sonnet-4-5-20991231"), price)
        gemini = listed("gemini", "gemini-2.5-pro")
        assert gemini is not None
        self.assertEqual(gemini.above[0][0], 200_000)
        self.assertIsNone(listed("anthropic", "claude-sonnet-4"[:-1]))

    def test_unknown(self) -> None:
        """A model that nobody has a price for costs nobody knows what."""
        self.assertIsNone(Prices({}).cost(target("openai", "gpt-of-tomorrow"), Usage(input=1, output=1)))

    def test_own(self) -> None:
        """The operator's price wins: for a target, for all of a provider, for a model anywhere."""
        own = {"openai,gpt-5": Price(1.0, 1.0), "mine,*": Price(2.0, 2.0), "llama": Price(3.0, 3.0)}
        prices = Prices(own)
        self.assertEqual(prices.of(target("openai", "gpt-5")), own["openai,gpt-5"])
        self.assertEqual(prices.of(target("", "x", "http://127.0.0.1/v1", "mine")), own["mine,*"])
        self.assertEqual(prices.of(target("groq", "llama")), own["llama"])

    def test_local(self) -> None:
        """What runs on one's own machine or network costs nothing."""
        for url in (
            "http://localhost:1234/v1",
            "http://127.0.0.1/v1",
            "http://[::1]:8000",
            "http://10.1.2.3",
            "http://gpu.lan",
        ):
            self.assertTrue(is_local(target("", "m", url, "mine")), url)
            self.assertEqual(Prices({}).cost(target("", "m", url, "mine"), Usage(input=5, output=5)), 0.0)
        self.assertTrue(is_local(target("ollama", "m", "https://far.test")))
        for url in ("https://api.openai.com/v1", "https://8.8.8.8", "https://localhost.evil.test"):
            self.assertFalse(is_local(target("", "m", url, "mine")), url)

    def test_charged(self) -> None:
        """Where the vendor tells what it charged in dollars, that is the cost; others are not believed."""
        usage = read_chat_usage({"prompt_tokens": 10, "completion_tokens": 5, "cost": 0.25})
        self.assertEqual(usage.charged, 0.25)
        self.assertEqual(Prices({}).cost(target("openrouter", "any/model"), usage), 0.25)
        self.assertIsNone(Prices({}).cost(target("perplexity", "any"), usage))
        self.assertIsNone(read_chat_usage({"prompt_tokens": 10, "cost": {"total_cost": 1}}).charged)

    def test_kept_for_an_hour(self) -> None:
        """Anthropic tells which part of what was written to the cache is kept for an hour."""
        usage = read_usage(
            {
                "cache_creation_input_tokens": 30,
                "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
            }
        )
        self.assertEqual((usage.cache_written, usage.cache_written_long), (30, 20))

    def test_remembered(self) -> None:
        """The file is read once for a target."""
        prices = Prices({})
        asked = target("openai", "gpt-5")
        first = prices.of(asked)
        self.assertIs(prices.of(evolve(asked)), first)


class Written(SynchronousTestCase):
    """From the public catalogue to our list."""

    def test_lines(self) -> None:
        """Rows of our vendors that have a price become lines, by our names; all others are left out."""
        catalogue = {
            "dashscope/qwen-x": {
                "litellm_provider": "dashscope",
                "mode": "chat",
                "tiered_pricing": [
                    {"input_cost_per_token": 5e-8, "output_cost_per_token": 4e-7, "range": [0, 256000.0]},
                    {"input_cost_per_token": 2.5e-7, "output_cost_per_token": 2e-6, "range": [256000.0, 1000000.0]},
                ],
            },
            "gpt-x": {
                "litellm_provider": "openai",
                "mode": "responses",
                "input_cost_per_token": 1e-6,
                "output_cost_per_token": 2e-6,
                "input_cost_per_token_above_272k_tokens": 3e-6,
                "input_cost_per_token_above_272k_tokens_priority": 9e-6,
                "search_context_cost_per_query": {"search_context_size_medium": 0.01},
            },
            "unknown": {
                "litellm_provider": "openai",
                "mode": "chat",
                "input_cost_per_token": 0,
                "output_cost_per_token": 0,
            },
            "picture": {"litellm_provider": "openai", "mode": "image_generation", "input_cost_per_token": 1},
            "theirs": {
                "litellm_provider": "nobody",
                "mode": "chat",
                "input_cost_per_token": 1,
                "output_cost_per_token": 1,
            },
            "half": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-6},
        }
        wheel = Path(self.mktemp()) / "litellm-1.2.3-py3-none-any.whl"
        wheel.parent.mkdir()
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(pricelist.WITHIN_WHEEL, json.dumps(catalogue))
        self.patch(pricelist, "FILE", wheel.with_name("prices.tsv"))
        pricelist.main(str(wheel))
        head, *lines = pricelist.FILE.read_text().splitlines()
        self.assertIn("litellm-1.2.3 (MIT)", head)
        self.assertEqual([line.split("\t")[:2] for line in lines], [["openai", "gpt-x"], ["qwen", "qwen-x"]])
        self.assertEqual(
            pricelist.find("openai", "gpt-x", pricelist.FILE),
            Price(1.0, 2.0, search=0.01, above=((272_000, Price(3.0, 2.0)),)),
        )
        self.assertEqual(
            pricelist.find("qwen", "qwen-x", pricelist.FILE), Price(0.05, 0.4, above=((256_000, Price(0.25, 2.0)),))
        )

    def test_every_line(self) -> None:
        """Each line of the shipped list can be read, and has a price above nothing."""
        lines = pricelist.FILE.read_text().splitlines()[1:]
        self.assertGreater(len(lines), 1000)
        self.assertEqual(lines, sorted(lines, key=lambda line: tuple(line.split("\t")[:2])))
        for line in lines:
            vendor, model, written = line.split("\t")
            price = pricelist.of_line(written)
            self.assertGreater(price.input + price.output, 0, line)
            self.assertLess(max(price.input, price.output), 10_000, line)
            self.assertTrue(vendor and model)


class ServiceTests(SynchronousTestCase):
    """Tiers of service."""

    def test_priced(self) -> None:
        """What was served first costs more, what could wait less; a word that has no price changes none."""
        price = Price(1.0, 2.0, services={"priority": Price(2.0, 4.0), "flex": Price(0.5, 1.0)})
        usage = Usage(input=1_000_000, output=0)
        for tier, dollars in ((None, 1.0), ("priority", 2.0), ("flex", 0.5), ("scale", 1.0)):
            self.assertEqual(price.cost(evolve(usage, tier=tier)), dollars, tier)
        listed_price = listed("openai", "gpt-5")
        assert listed_price is not None
        self.assertEqual(listed_price.services["priority"].input, 2 * listed_price.input)
        self.assertLess(listed_price.services["flex"].output, listed_price.output)

    def test_told(self) -> None:
        """Each vendor tells the tier in its place."""
        self.assertEqual(read_usage({"output_tokens": 1, "service_tier": "priority"}).tier, "priority")
        self.assertIsNone(read_usage({"output_tokens": 1, "service_tier": "standard"}).tier)
        self.assertEqual(read_chat_usage({"prompt_tokens": 1}, False, "flex").tier, "flex")
        self.assertIsNone(read_chat_usage({"prompt_tokens": 1}, False, "default").tier)
        self.assertEqual(read_responses_usage({"input_tokens": 1}, 0, "priority").tier, "priority")
