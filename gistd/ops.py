"""For machines that watch over gistd: is it well, and how much does it do?"""

from collections.abc import Iterable, Iterator

from flask import Response, jsonify, request

from gistd.core import administration, house, meters
from gistd.core.access import NOBODY, Actor, Open
from gistd.http import Face


def _error(status: int, message: str, _: Exception) -> Response:
    response = jsonify(status="unavailable" if status == 503 else "error", message=message)
    response.status_code = status
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="metrics"'
    return response


face = Face("ops", lambda: NOBODY, _error, r"/-/(health|metrics)$")


@face.get("/-/health", scope=Open.EVERYBODY)
def health(_: Actor) -> Response:
    """200 while the index and the data directory answer, 503 when one of them does not."""
    house.check()
    response = jsonify(status="ok")
    response.headers["Cache-Control"] = "no-store"  # it is about now, here and in front of us
    return response


@face.get("/-/metrics", scope=Open.EVERYBODY)
def metrics(_: Actor) -> Response:
    """What was counted, in Prometheus' text format: numbers only, no name of anybody or anything."""
    sums = administration.sums(request.headers.get("Authorization", "").removeprefix("Bearer "))
    response = Response("".join(_metrics(meters.read(), sums)), content_type="text/plain; version=0.0.4; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    return response


def _metrics(counted: meters.Meters, sums: administration.Sums) -> Iterator[str]:
    requests = [
        (f'{{face="{face}",method="{method}",status="{status}"}}', number)
        for (face, method, status), number in counted.requests.items()
    ]
    yield from _family("gistd_requests_total", "counter", "Requests that were answered.", requests)
    yield from _family("gistd_request_seconds", "histogram", "How long that took.", _times(counted))
    waited = "Clients that were not waited for any longer."
    yield from _family("gistd_clients_dropped_total", "counter", waited, [("", counted.dropped)])
    yield from _family("gistd_throttled_total", "counter", "Requests that were too many.", [("", counted.throttled)])
    yield from _family("gistd_users", "gauge", "Accounts.", [("", sums.users)])
    yield from _family("gistd_gists", "gauge", "Gists.", [("", sums.gists)])
    yield from _family("gistd_gist_bytes", "gauge", "Their files.", [("", sums.gist_bytes)])
    yield from _family("gistd_disk_free_bytes", "gauge", "Room in the data directory.", [("", sums.disk_free)])


def _family(name: str, kind: str, help: str, samples: Iterable[tuple[str, float]]) -> Iterator[str]:
    yield f"# HELP {name} {help}\n# TYPE {name} {kind}\n"
    for labels, value in samples:
        yield f"{name}{labels} {value}\n"


def _times(counted: meters.Meters) -> Iterator[tuple[str, float]]:
    for face, (buckets, microseconds) in counted.times.items():
        bounds = [*map(str, meters.BUCKETS), "+Inf"]
        for bound, number in zip(bounds, buckets, strict=True):
            yield f'_bucket{{face="{face}",le="{bound}"}}', number
        yield f'_sum{{face="{face}"}}', microseconds / 1e6
        yield f'_count{{face="{face}"}}', buckets[-1]
