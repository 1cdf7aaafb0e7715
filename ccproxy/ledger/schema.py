"""The tables of the ledger, and how older ones become today's.

A version is a list of statements; what was shipped is never changed, a change is another version. The types are words
that SQLite and PostgreSQL both understand.
"""

COLUMNS = (
    "id",
    "began",
    "day",
    "client",
    "session",
    "agent",
    "dialect",
    "asked",
    "target",
    "provider",
    "model",
    "rule",
    "why",
    "stream",
    "plan",
    "outcome",
    "stop",
    "error",
    "status",
    "message",
    "first_byte",
    "first_content",
    "total",
    "tokens_in",
    "tokens_out",
    "cache_read",
    "cache_written",
    "reasoning",
    "web_searches",
    "cost",
    "request_bytes",
    "response_bytes",
    "attempts",
    "losses",
    "estimated",
)
"""Of the table `exchanges`. `day` is that of the writer's place, `attempts` and `losses` are JSON."""

VERSIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE exchanges (
            id TEXT PRIMARY KEY, began DOUBLE PRECISION NOT NULL, day TEXT NOT NULL,
            client TEXT NOT NULL, session TEXT NOT NULL, agent TEXT NOT NULL, dialect TEXT NOT NULL,
            asked TEXT NOT NULL, target TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
            rule TEXT NOT NULL, why TEXT NOT NULL, stream INTEGER NOT NULL, plan TEXT NOT NULL,
            outcome TEXT NOT NULL, stop TEXT NOT NULL, error TEXT NOT NULL, status INTEGER NOT NULL,
            message TEXT NOT NULL, first_byte DOUBLE PRECISION, first_content DOUBLE PRECISION,
            total DOUBLE PRECISION NOT NULL, tokens_in BIGINT, tokens_out BIGINT, cache_read BIGINT,
            cache_written BIGINT, reasoning BIGINT, web_searches BIGINT, cost DOUBLE PRECISION,
            request_bytes BIGINT NOT NULL, response_bytes BIGINT NOT NULL, attempts TEXT NOT NULL,
            losses TEXT NOT NULL)""",
        "CREATE INDEX exchanges_began ON exchanges (began)",
    ),
    ("ALTER TABLE exchanges ADD COLUMN estimated INTEGER NOT NULL DEFAULT 0",),
)
