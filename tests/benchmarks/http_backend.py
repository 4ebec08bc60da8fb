"""git's own server: `git http-backend` behind nginx and fcgiwrap."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.harness import Git, Server, wait_until

DETOUR = "#!/bin/sh\nexec 3<&0; ./http-backend <&3 3<&- &\n"
"""fcgiwrap waits for nothing that it starts. This leaves an orphan, which `serve` waits for and so is told of."""


class HttpBackend(Server):
    """Serves the bare repositories in `repos`; those below /counted/ so that the processor time can be told."""

    def start(self, *arguments: str) -> "HttpBackend":
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        git = Git(self.root / "home")
        command = "from tests.benchmarks.http_backend import serve; serve()"
        (self.root / "http-backend").symlink_to(git("--exec-path").strip() + "/git-http-backend")
        (self.root / "counted").write_text(DETOUR)
        (self.root / "counted").chmod(0o755)
        (self.root / "nginx.conf").write_text(_nginx_conf(self.root, port))
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", command, str(self.root), *programs()],
                cwd=Path(__file__).parents[2],
                env=git.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(lambda: all((self.root / it).exists() for it in ("fcgi", "nginx.pid")), "nginx and fcgiwrap listen")
        self.url = f"http://127.0.0.1:{port}"
        return self

    def stop(self) -> int:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGTERM)
        return super().stop()


def serve() -> None:
    """Start both, and wait until they have ended and so has every orphan that they left."""
    root, nginx, fcgiwrap = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: None)  # the others end by it; who waits for them is the last
    assert ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0  # PR_SET_CHILD_SUBREAPER
    os.chdir(root)  # the name of a Unix socket must be short
    os.spawnv(os.P_NOWAIT, fcgiwrap, [fcgiwrap, "-c", "4", "-s", "unix:fcgi"])
    os.spawnv(os.P_NOWAIT, nginx, [nginx, "-e", "error.log", "-c", f"{root}/nginx.conf"])
    with suppress(ChildProcessError):
        while True:
            os.wait()


def programs() -> list[str]:
    """nginx and fcgiwrap; nothing unless both are installed."""
    found = [shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") for name in ("nginx", "fcgiwrap")]
    return [program for program in found if program] if all(found) else []


def _nginx_conf(root: Path, port: int) -> str:
    """What git's documentation asks for, with the detour below /counted/; all else as nginx comes."""
    names = "QUERY_STRING", "REQUEST_METHOD", "CONTENT_TYPE", "CONTENT_LENGTH", "REMOTE_ADDR"
    folders = "client_body", "fastcgi", "proxy", "scgi", "uwsgi"
    return f"""
        daemon off; worker_processes auto; pid {root}/nginx.pid; {"user root;" if os.getuid() == 0 else ""}
        events {{}}
        http {{
            access_log {root}/access.log; {" ".join(f"{name}_temp_path {root}/{name};" for name in folders)}
            map $uri $program {{ ~^/counted/ {root}/counted; default {root}/http-backend; }}
            map $uri $path {{ ~^/counted(?<rest>/.*)$ $rest; default $uri; }}
            server {{
                listen 127.0.0.1:{port}; client_max_body_size 0; keepalive_requests 1000000;
                {" ".join(f"fastcgi_param {name} ${name.lower()};" for name in names)}
                fastcgi_param SCRIPT_FILENAME $program; fastcgi_param PATH_INFO $path;
                fastcgi_param GIT_PROJECT_ROOT {root}/repos; fastcgi_param GIT_HTTP_EXPORT_ALL 1;
                location / {{ fastcgi_pass unix:fcgi; }}
            }}
        }}
    """
