"""Where the ledger is: a file of SQLite, or a PostgreSQL by URL. Everything here waits for the disk or the network, so
the daemon calls it in threads, and commands call it as they are.

What differs between the two is here alone: how to connect, the mark of a parameter, how versions are locked, sizes.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from attrs import field, frozen

from ccproxy.ledger.schema import VERSIONS

LOCK_SECONDS = 5.0
"""How long a write waits for another program that has the file of SQLite locked."""

CONNECT_SECONDS = 10.0
"""How long a PostgreSQL may take to answer."""

POSTGRES = ("postgresql", "postgres")

_LOCK_NUMBER = 0x63637078
"""Of PostgreSQL's advisory lock under which versions are brought up."""

EXTRA = "the driver for PostgreSQL is not installed: pip install 'ccproxy[postgresql]'"


class LedgerError(Exception):
    """The ledger cannot be used; `str()` says why, and shows no password."""


class Connection(Protocol):
    """What both drivers have in common (PEP 249)."""

    def cursor(self) -> Any: ...
    def commit(self) -> None: ...
    def rollback(self) -> None: ...


@frozen
class Database:
    """One place of a ledger. `module` and `arguments` are what its driver is called with."""

    name: str
    """Without a password: for logs and pages."""
    module: str
    arguments: dict[str, Any] = field(repr=False)

    @property
    def is_file(self) -> bool:
        return self.module == "sqlite3"

    def sql(self, statement: str) -> str:
        """A statement whose parameters are marked `?`, as the driver wants it."""
        return statement if self.is_file else statement.replace("?", "%s")

    def connect(self) -> Any:
        """A new connection, as its driver makes it; raises `LedgerError`."""
        try:
            if self.is_file:
                self.make_file()
                connection = sqlite3.connect(**self.arguments)
            else:
                # Only who keeps the ledger in PostgreSQL has the driver, and it takes 60 ms to import.
                import pg8000.dbapi

                connection = pg8000.dbapi.connect(**self.arguments)
            self.prepare(connection)
        except ImportError:
            raise LedgerError(EXTRA) from None
        except Exception as error:
            raise LedgerError(f"{self.name}: {reason(error)}") from None
        return connection

    def make_file(self) -> None:
        """The file, for nobody but us, and its directory."""
        path = Path(self.arguments["database"])
        path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)

    def prepare(self, connection: Any) -> None:
        """What a new connection needs. With a write-ahead log readers and the writer do not wait for each other, and a
        process that is killed loses what was not committed and nothing else."""
        if not self.is_file:
            return
        with closing(connection.cursor()) as cursor:
            if not _one(cursor, "PRAGMA page_count"):
                cursor.execute("PRAGMA auto_vacuum = INCREMENTAL")
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute("PRAGMA synchronous = NORMAL")
            cursor.execute("PRAGMA cache_size = -512")

    def bring_up(self, connection: Connection) -> None:
        """Make the tables, or bring older ones up to today's version. Raises `LedgerError` for newer ones."""
        with closing(connection.cursor()) as cursor:
            if self.is_file:
                cursor.execute("BEGIN IMMEDIATE")
            else:
                cursor.execute(f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER})")
            cursor.execute("CREATE TABLE IF NOT EXISTS ledger_version (version INTEGER NOT NULL)")
            cursor.execute("SELECT max(version) FROM ledger_version")
            version = cursor.fetchone()[0] or 0
            if version > len(VERSIONS):
                connection.rollback()
                raise LedgerError(f"{self.name} was written by a newer ccproxy (version {version} of its tables)")
            for number, statements in enumerate(VERSIONS[version:], version + 1):
                for statement in statements:
                    cursor.execute(statement)
                cursor.execute(self.sql("INSERT INTO ledger_version (version) VALUES (?)"), (number,))
        connection.commit()

    def size(self, connection: Connection) -> int:
        """Bytes that the exchanges take. What was deleted is not counted, for its room is used again."""
        with closing(connection.cursor()) as cursor:
            if self.is_file:
                pages, free, page = (
                    _one(cursor, f"PRAGMA {name}") for name in ("page_count", "freelist_count", "page_size")
                )
                return int((pages - free) * page)
            rows = _one(cursor, "SELECT count(*) FROM exchanges")
            latest = "SELECT * FROM exchanges ORDER BY began DESC LIMIT 1000"
            return int(rows * (_one(cursor, f"SELECT avg(pg_column_size(latest.*)) FROM ({latest}) latest") or 0))

    def give_back(self, connection: Connection) -> None:
        """Give the room of what was deleted back to the file system. PostgreSQL does so by itself."""
        if self.is_file:
            with closing(connection.cursor()) as cursor:
                # As a script: `execute` would take the first step of it, and free one page.
                cursor.executescript("PRAGMA incremental_vacuum(5000)")
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _one(cursor: Any, statement: str) -> Any:
    cursor.execute(statement)
    return cursor.fetchone()[0]


def database(place: str) -> Database:
    """The database at a path or a URL. Raises `LedgerError` for a URL that is none of ours."""
    if "://" not in place:
        return _file(place)
    try:
        url = urlsplit(place)
        port = url.port or 5432
    except ValueError:
        raise LedgerError("the URL of the ledger cannot be read") from None
    if url.scheme == "sqlite":
        return _file(unquote(url.path.removeprefix("/") if url.path.startswith("//") else url.path))
    if url.scheme not in POSTGRES:
        raise LedgerError(f"the ledger is a file's path or postgresql://..., not {url.scheme}://...")
    options = {name: values[-1] for name, values in parse_qs(url.query).items()}
    unknown = sorted(set(options) - {"host", "sslmode", "user", "password"})
    if unknown:
        raise LedgerError(f"the URL of the ledger has an unknown option {unknown[0]!r}")
    host = options.get("host") or unquote(url.hostname or "localhost")
    name = unquote(url.path.strip("/")) or "ccproxy"
    arguments: dict[str, Any] = {
        "user": unquote(url.username or "") or options.get("user") or "ccproxy",
        "password": unquote(url.password or "") or options.get("password") or None,
        "database": name,
        "application_name": "ccproxy",
        "timeout": CONNECT_SECONDS,
    }
    if host.startswith("/"):
        arguments["unix_sock"] = f"{host.rstrip('/')}/.s.PGSQL.{port}"
    else:
        arguments |= {"host": host, "port": port, "ssl_context": _tls(options.get("sslmode", "prefer"))}
    shown = host if host.startswith("/") else f"{host}:{port}"
    return Database(f"postgresql://{shown}/{name}", "pg8000.dbapi", arguments)


def _file(path: str) -> Database:
    arguments = {"database": path, "timeout": LOCK_SECONDS, "check_same_thread": False}
    return Database(path, "sqlite3", arguments)


def _tls(mode: str) -> Any:
    """The modes of libpq: what the driver wants for each."""
    if mode in ("prefer", "allow"):
        return None
    if mode == "disable":
        return False
    import ssl

    context = ssl.create_default_context()
    if mode in ("require", "verify-ca"):
        context.check_hostname = False
    if mode == "require":
        context.verify_mode = ssl.CERT_NONE
    elif mode not in ("verify-ca", "verify-full"):
        raise LedgerError("sslmode is one of disable, allow, prefer, require, verify-ca, verify-full")
    return context


def reason(error: BaseException | None) -> str:
    """What a driver complains of, in one line. PostgreSQL's comes as a mapping of letters."""
    first = error.args[0] if error is not None and error.args else ""
    if isinstance(first, dict):
        return str(first.get("M", "the database refused"))
    return " ".join(str(error).split()) or type(error).__name__


def is_of_the_data(error: BaseException) -> bool:
    """Whether what was written is at fault, and not the database: the same would be refused again."""
    first = error.args[0] if error.args else ""
    if isinstance(first, dict):
        return str(first.get("C", "")).startswith(("22", "23"))
    return isinstance(error, (ValueError, TypeError, OverflowError, sqlite3.DataError, sqlite3.IntegrityError)) or (
        type(error) is sqlite3.InterfaceError
    )
