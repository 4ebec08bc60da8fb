"""Whether private and missing can be told apart by how long the answer takes.

`python -m tests.faults.timing --samples 2000` asks for both in turn, and prints the medians and what lies between.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from tests.harness import Client, Server

PATHS = ("/erin/{}", "/erin/{}/raw/HEAD/a", "/api/gists/{}", "/erin/{}.git/info/refs?service=git-upload-pack")


def measured(client: Client, path: str, hidden: str, samples: int) -> tuple[float, float]:
    """The median milliseconds for what is private and for what never was."""
    times: dict[str, list[float]] = {hidden: [], "0" * 32: []}
    for number in range(samples):
        for id in sorted(times, reverse=bool(number % 2)):
            start = time.perf_counter()
            client.get(path.format(id))
            times[id].append((time.perf_counter() - start) * 1000)
    return statistics.median(times[hidden]), statistics.median(times["0" * 32])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--samples", type=int, default=1000)
    samples = parser.parse_args().samples
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), rate_limits=False).start("--workers", "1")
        hidden = server.user("erin").create({"a": "x" * 100_000}, visibility="private")["id"]
        for path in PATHS:
            private, missing = measured(server.nobody, path, hidden, samples)
            print(f"{path:55} {private:8.3f} {missing:8.3f} ms {private / missing - 1:+.1%}")
        server.stop()


if __name__ == "__main__":
    main()
