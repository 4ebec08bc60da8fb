"""`gistd serve` is told to reload, or to end, while people work."""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from tests.harness import Git, Server, wait_until
from tests.transport import watch

from .reloads import reload, run, workers


def test_nothing_fails_while_it_reloads(tmp_path: Path) -> None:
    """Fifty of them are `python -m tests.faults.reloads`."""
    clients = run(tmp_path, reloads=2, number=1)
    assert clients.failed == []


def test_a_push_that_is_under_way_is_taken(own_server: Callable[..., Server], git: Git) -> None:
    """Whether the server is told to reload or to end."""
    server = own_server().start("--workers", "1")
    alice = server.user("alice")
    gist = alice.create()
    clone = git.clone(alice.clone_url(gist))
    for told in (signal.SIGHUP, signal.SIGTERM):
        git.commit(clone, {"big": os.urandom(8_000_000)})
        pushed = threading.Thread(target=git, args=("push", "-q"), kwargs={"cwd": clone})
        before, begun = workers(server), server.log.read_text().count("git-receive-pack")
        pushed.start()
        # git asks with an empty request first, which is answered and logged; then it sends.
        wait_until(lambda begun=begun: server.log.read_text().count("git-receive-pack") > begun, "the push has begun")
        assert server.process
        server.process.send_signal(told)
        pushed.join()
        if told == signal.SIGHUP:
            wait_until(lambda before=before: not before & workers(server), "the old workers are gone")
    assert server.process.wait(30) == 0
    assert git("rev-parse", "main", cwd=server.repository(gist["id"])) == git("rev-parse", "HEAD", cwd=clone)


def test_a_worker_that_was_just_made_hears_the_end_too(own_server: Callable[..., Server]) -> None:
    """It is told before it listens to signals, now and then; gistd would wait for it for half a minute."""
    server = own_server()
    for _ in range(3):
        server.start("--workers", "1")
        assert server.process
        pid = server.process.pid
        wait_until(lambda pid=pid: len(watch.children(pid)) == 2, "there is a worker, and what is beside it")
        before = watch.children(pid)
        os.kill(min(before), signal.SIGKILL)
        wait_until(lambda before=before: set(watch.children(server.process.pid)) - set(before), "there is another one")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(25) == 0


def test_settings_are_read_again(own_server: Callable[..., Server]) -> None:
    """From gistd.toml; where they make no sense, those from before stay."""
    server = own_server()
    file = server.root / "gistd.toml"
    server.start("--workers", "1")
    alice = server.user("alice")
    file.write_text("max_files = 1\n")
    reload(server)
    refused = alice.request("POST", "/api/gists", json={"files": {"a": {"content": "a"}, "b": {"content": "b"}}})
    assert refused.status_code == 422 and "1" in refused.text
    file.write_text("max_files = many\n")
    reload(server)
    assert alice.request("POST", "/api/gists", json={"files": {}}).status_code == 422
    assert "cannot be read" in server.log.read_text()
    assert alice.create()
    file.write_text('database_url = "mysql://localhost/gistd"\n')
    reload(server)
    assert "the settings stay as they were: GISTD_DATABASE_URL" in server.log.read_text()
    assert alice.create()
