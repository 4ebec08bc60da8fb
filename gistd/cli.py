"""For the operator: the command line."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import wraps
from gc import freeze
from pathlib import Path
from typing import Any

import click

from gistd import index
from gistd.core import accounts, chores, credentials, digests, doctor, house, twofactor
from gistd.core.access import Scope
from gistd.errors import ConfigurationError, GistdError
from gistd.index import Credential, User
from gistd.settings import Settings

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _opened(command: Callable[..., None]) -> Callable[..., None]:
    """A command that needs the house open."""

    @_said
    @wraps(command)
    def run(**options: Any) -> None:
        house.open(Settings.load())
        command(**options)

    return run


def _said(command: Callable[..., None]) -> Callable[..., None]:
    """What gistd cannot do becomes a line that says so."""

    @wraps(command)
    def run(**options: Any) -> None:
        try:
            command(**options)
        except GistdError as error:
            raise click.ClickException(error.message) from error
        finally:
            index.close()

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gistd")
def main() -> None:
    """gistd, the gist server that every paste client already speaks to.

    Settings come from GISTD_… variables or from gistd.toml; `gistd settings` shows them.
    """
    freeze()  # a fifth of a short command was to look for garbage among the modules at its end


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", default=6157, show_default=True, type=click.IntRange(0, 65535), help="0: any free one.")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes; by default as many as there are cores.")
def serve(host: str, port: int, workers: int | None) -> None:
    """Serve. The data directory and the index are made at the first start."""
    # Only here, no other command wants them; and before there are workers, which then share what was read.
    from gistd.app import create_app, work
    from gistd.server import Server

    try:
        settings = Settings.load()
        house.open(settings)
        house.claim()
        if index.accounts.is_empty():
            click.echo("There is no account yet. Make the first one: gistd user create NAME --password-stdin")
            if settings.signup:
                click.echo("Or sign up in the browser, at /-/register: the first account is an admin.")
        server = Server(settings, create_app, work, _say_where, host, port, workers)
    except GistdError as error:
        raise click.ClickException(error.message) from error
    finally:
        index.close()  # a connection must not live through a fork
    server.run()


def _say_where(host: str, port: int) -> None:
    address = f"[{host}]" if ":" in host else host
    known_as = f", known as {house.settings.external_url}" if house.settings.external_url else ""
    click.echo(f"gistd serves {house.store.root} at http://{address}:{port}{known_as}")


@main.command("worker")
def run_worker() -> None:
    """Do what `gistd serve` does beside the requests, for other servers that run gistd: send webhooks."""
    from gistd.app import work

    try:
        work(Settings.load())
    except GistdError as error:
        raise click.ClickException(error.message) from error


@main.group()
def user() -> None:
    """Accounts."""


@user.command("create")
@click.argument("name")
@click.option("--admin", is_flag=True, help="The first account is an admin anyway.")
@click.option("--email", default="", help="Shown to nobody else.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; else there is none.")
@_opened
def create_user(name: str, admin: bool, email: str, password_stdin: bool) -> None:
    """Make an account."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else None
    made = accounts.create_user(name, password, email, admin)
    click.echo(f"{made.username} is here now" + (", as an admin" if made.is_admin else ""))


@user.command("password")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, required=True, help="Read the new password from standard input.")
@_opened
def set_password(name: str, password_stdin: bool) -> None:
    """Give an account another password; its sessions end."""
    accounts.set_password(_user(name), sys.stdin.readline().rstrip("\n"))
    click.echo(f"{name} has a new password")


@user.command("digest")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, required=True, help="Read the secret from standard input.")
@_opened
def set_digest(name: str, password_stdin: bool) -> None:
    """Give an account another secret for HTTP digest, for clients of ownpaste."""
    digests.set_secret(_user(name), sys.stdin.readline().rstrip("\n"))
    click.echo(f"{name} has a new secret for HTTP digest")


@user.command("reset-two-factor")
@click.argument("name")
@_opened
def reset_two_factor(name: str) -> None:
    """Turn the second factor of an account off, for somebody who has lost it; their sessions end."""
    twofactor.turn_off(_user(name))
    click.echo(f"{name} signs in with the password alone now")


@main.group()
def token() -> None:
    """Access tokens."""


@token.command("create")
@click.argument("name")
@click.option("--scopes", required=True, help=f"Comma separated, of {', '.join(Scope)}.")
@click.option("--label", default="", help="What it is for.")
@click.option("--expires", help="After this long: 12h, 30d, 8w. Never if not given.")
@_opened
def create_token(name: str, scopes: str, label: str, expires: str | None) -> None:
    """Make an access token and print it, this once."""
    expires_at = index.now() + _duration(expires) if expires else None
    click.echo(credentials.issue_token(_user(name), _scopes(scopes), label, expires_at))


@token.command("list")
@click.argument("name")
@_opened
def list_tokens(name: str) -> None:
    """Show the access tokens of a user, not their secrets: number, scopes, uses, name."""
    _show(credentials.tokens(_user(name)))


def _show(issued: list[Credential]) -> None:
    for credential in issued:
        used = f"last used {credential.last_used_at:%Y-%m-%d %H:%M}" if credential.last_used_at else "never used"
        until = f"until {credential.expires_at:%Y-%m-%d %H:%M}" if credential.expires_at else "for ever"
        click.echo(f"{credential.id}  {credential.scopes.replace(' ', ',')}  {used}  {until}  {credential.label}")


@token.command("revoke")
@click.argument("name")
@click.argument("number", type=int)
@_opened
def revoke_token(name: str, number: int) -> None:
    """Take an access token back; `gistd token list` shows the numbers."""
    credentials.revoke_token(_user(name), number)
    click.echo(f"token {number} of {name} is revoked")


@main.group()
def key() -> None:
    """API keys, for clients of paste.gg."""


@key.command("create")
@click.argument("name")
@click.option("--label", default="", help="What it is for.")
@_opened
def create_key(name: str, label: str) -> None:
    """Make an API key and print it, this once."""
    click.echo(credentials.issue_key(_user(name), label))


@key.command("list")
@click.argument("name")
@_opened
def list_keys(name: str) -> None:
    """Show the API keys of a user, not their secrets, as `gistd token list` does."""
    _show(credentials.tokens(_user(name), credentials.KEY))


@key.command("revoke")
@click.argument("name")
@click.argument("number", type=int)
@_opened
def revoke_key(name: str, number: int) -> None:
    """Take an API key back; `gistd key list` shows the numbers."""
    credentials.revoke_token(_user(name), number, credentials.KEY)
    click.echo(f"key {number} of {name} is revoked")


def _user(name: str) -> User:
    user = accounts.user(name)
    if user is None:
        raise click.ClickException(f"there is no user {name}; make one: gistd user create {name}")
    return user


def _scopes(words: str) -> list[Scope]:
    try:
        return [Scope(word.strip()) for word in words.split(",")]
    except ValueError as error:
        raise click.BadParameter(f"scopes are {', '.join(Scope)}") from error


def _duration(words: str) -> timedelta:
    match = re.fullmatch(r"([1-9]\d{0,4})([mhdw])", words)
    if match is None:
        raise click.BadParameter("a duration is a number and a unit: 45m, 12h, 30d, 8w")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


@main.command()
def settings() -> None:
    """Show each setting: its value, where that came from, and what it is for."""
    try:
        for name, value, source, help in Settings.load().describe():
            click.echo(f"{name}={value}  ({source})\n    {help}")
    except ConfigurationError as error:
        raise click.ClickException(error.message) from error


@main.command("doctor")
@click.option("--repair", is_flag=True, help="Mend what can be mended.")
@_opened
def examine(repair: bool) -> None:
    """Check every gist against its repository. Exits with 1 if something is wrong and was not mended."""
    with _progress("checking") as progress:
        _tell(doctor.examine(repair, progress))


def _tell(findings: Iterable[doctor.Finding]) -> None:
    wrong = 0
    for finding in findings:
        click.echo(f"{'mended' if finding.mended else 'found'}: {finding.words}")
        wrong += not finding.mended
    if wrong:
        sys.exit(1)


@main.command("backup")
@click.argument("target", metavar="FILE.tar.zst|FOLDER", type=click.Path(path_type=Path))
@_opened
def make_backup(target: Path) -> None:
    """Copy all that there is, as it is at one moment. Safe while gistd serves.

    Into a folder only what is new since the last time is written. Exits with 1 if a gist could not be read.
    """
    from gistd.core import backup

    with _progress("copying") as progress:
        made = backup.make(target, progress, lambda words: click.echo(f"not read: {words}", err=True))
    click.echo(f"{target}: {made.gists} gists, {made.size} bytes of repositories, read again and found as written")
    click.echo("It holds the keys of this server and the hashes of passwords: keep it where nobody else can read it.")
    if made.unread:
        click.echo(f"{made.unread} gists could not be read; `gistd doctor` says why", err=True)
        sys.exit(1)


@main.command("restore")
@click.argument("source", metavar="FILE.tar.zst|FOLDER", type=click.Path(path_type=Path, exists=True))
@click.option("--replace", is_flag=True, help="Move what there is to lost+found; drop tables in PostgreSQL.")
@_said
def restore_backup(source: Path, replace: bool) -> None:
    """Make a house of a backup, where GISTD_REPOS and GISTD_DATABASE_URL say. Stop gistd first."""
    from gistd.core import backup

    settings = Settings.load()
    with _progress("restoring") as progress:
        _tell(backup.restore(source, settings, replace, progress))
    click.echo(f"{settings.repos} is as it was when {source} was made")


@main.command()
@click.option("--purge", metavar="ID", help="Only this gist; what it does not reach any more is deleted at once.")
@_opened
def gc(purge: str | None) -> None:
    """Pack repositories, and delete what has been unreachable for two weeks. Safe while gistd serves."""
    if purge:
        sizes = chores.purge(purge)
    else:
        with _progress("packing") as progress:
            sizes = chores.collect_garbage(progress, lambda words: click.echo(words, err=True))
    click.echo(f"{sizes.before} bytes before, {sizes.after} bytes now")


@main.command()
@_opened
def revive() -> None:
    """Let what expired while the clock was ahead go on until its time has come. Set the clock right first."""
    click.echo(f"{index.ends.take_back()} gists and tokens go on")


@contextmanager
def _progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal, if there is one, that is told how many of how many are done."""
    with click.progressbar(length=1, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield progress


if __name__ == "__main__":
    main()
