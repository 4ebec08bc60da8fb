"""Every lexer that Pygments has, and Markdown, against 64 KiB of what it is slowest at, one page each:

    python -m tests.web.hostile_lexers

Prints each page that took longer than `MOST` seconds, and how long other pages took meanwhile; the exit code says
whether all was well. It takes a quarter of an hour; a few of the inputs are in the tests (test_rendering.py).
"""

import sys
import tempfile
import time
from pathlib import Path
from statistics import quantiles
from threading import Event, Thread

from pygments.lexers import get_all_lexers
from requests.auth import HTTPDigestAuth

from tests.harness import Client, Server

SIZE = 64 * 1024
MOST = 2.5
DIGEST_SECRET = "a long secret of its own"
TOKENS = (" \n", "a ", "{", "(", "[a](", "`", "<a ", '"', "\\", "/*")
MARKDOWN = ("[a](", "![", "> ", "*a ", "_a_", "|a", "<a ", "[^1]", "`a", "- ", "# ", "&#", "\n\n[a]: x")


def text(token: str) -> str:
    return ("x" + token * (SIZE // len(token.encode()) + 1))[:SIZE]  # one dialect takes no text that is blank


def ask_others(server: Server, done: Event, times: list[float]) -> None:
    """Look at other pages all the while."""
    someone = Client(server, "someone", "")
    while not done.wait(0.2):
        begun = time.perf_counter()
        assert someone.get("/").status_code == 200
        times.append(time.perf_counter() - begun)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), rate_limits="false").start()
        alice, slow, meanwhile, done = server.user("alice"), [], [], Event()
        server.cli("user", "digest", "alice", "--password-stdin", input=f"{DIGEST_SECRET}\n")
        asking = Thread(target=ask_others, args=(server, done, meanwhile))
        asking.start()
        aliases = [lexer[1][0] for lexer in get_all_lexers() if lexer[1]]
        jobs = [(alias, TOKENS[number % len(TOKENS)]) for number, alias in enumerate(aliases)]
        jobs += [("python", token) for token in TOKENS] + [("java", token) for token in TOKENS]
        jobs += [("Markdown", token) for token in MARKDOWN]
        for number, (language, token) in enumerate(jobs):
            page = path_of(alice, language, text(token))
            begun = time.perf_counter()
            assert alice.get(page).status_code == 200
            took = time.perf_counter() - begun
            if took > MOST:
                slow.append(f"{language} {token!r}: {took:.2f} s")
                print(slow[-1], flush=True)
            if number % 50 == 49:
                print(f"{number + 1} of {len(jobs)}", file=sys.stderr, flush=True)
        done.set()
        asking.join()
        server.stop()
    p95 = quantiles(meanwhile, n=20)[-1] * 1000
    print(f"{len(jobs)} pages, {len(slow)} of them slower than {MOST} s")
    print(
        f"{len(meanwhile)} other pages meanwhile: 95 % within {p95:.0f} ms, all within {max(meanwhile) * 1000:.0f} ms"
    )
    return 1 if slow else 0


def path_of(alice: Client, language: str, content: str) -> str:
    """Make a gist in the dialect that takes any word for a language, and say where its page is."""
    if language == "Markdown":
        return f"/alice/{alice.create({'a.md': content})['id']}"
    paste = {"file_name": "a", "file_content": content, "language": language}
    digest = HTTPDigestAuth("alice", DIGEST_SECRET)
    headers = {"Accept": "application/json", "Authorization": None}
    answer = alice.session.post(f"{alice.server.url}/paste/", json=paste, headers=headers, auth=digest)
    assert answer.ok, answer.text[:300]
    number = answer.json()["paste_id"]
    return alice.get(f"/paste/{number}/", headers={"Accept": "text/html"}).headers["Location"]


if __name__ == "__main__":
    sys.exit(main())
