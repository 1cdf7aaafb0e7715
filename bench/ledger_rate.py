"""How many records a second the ledger writes: python bench/ledger_rate.py [PLACE] (a path or a URL)."""

import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ccproxy.ledger.database import database
from ccproxy.ledger.ledger import BATCH_LIMIT
from ccproxy.ledger.rows import write
from tests.ledger.records import record

COUNT = 50_000


def main(place: str) -> None:
    """Writes them in the batches of a busy daemon."""
    found = database(place)
    records = [record(number, id=f"rate_{time.time_ns()}_{number}") for number in range(COUNT)]
    with closing(found.connect()) as connection:
        found.bring_up(connection)
        began, used = time.perf_counter(), time.process_time()
        for start in range(0, COUNT, BATCH_LIMIT):
            write(found, connection, records[start : start + BATCH_LIMIT])
        took, used = time.perf_counter() - began, time.process_time() - used
        each = found.size(connection) / COUNT
    print(f"{COUNT / took:,.0f} records a second, {used / COUNT * 1e6:.1f} µs of processor each, {each:.0f} bytes each")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        with tempfile.TemporaryDirectory() as home:
            main(f"{home}/ledger.db")
