"""Every setting: its name, default, type and help. The only reader of the environment.

A setting comes from the environment (`GISTD_…`), else from the TOML file that `GISTD_CONFIG` names
(or `./gistd.toml`), else from its default.
"""

import base64
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from .errors import ConfigurationError

MIB = 1024 * 1024


SECRET_KEY_LENGTH = 32


def _setting(default: Any, help: str, alias: str = "", secret: bool = False) -> Any:
    return field(default=default, metadata={"help": help, "alias": alias, "secret": secret})


@dataclass(frozen=True)
class Settings:
    """What the operator decided. Sizes are in bytes."""

    repos: Path = _setting(
        Path("repos"), "data directory: the repositories and, unless GISTD_DATABASE_URL says otherwise, the index"
    )
    database_url: str = _setting(
        "", "the index, as a database URL (postgresql://…); empty: index.sqlite3 in the data directory"
    )
    external_url: str = _setting("", "the address people see, used in every URL printed; empty: taken from the request")
    secret_key: str = _setting(
        "",
        "what nobody else may know, at least 32 characters: signatures and second factors hang on it; "
        "empty: the file secret_key in the data directory, made at the first start",
        secret=True,
    )
    api_enabled: bool = _setting(True, "false: every API endpoint answers 403; tokens are kept", alias="OG_API_ENABLED")
    require_login: bool = _setting(False, "true: nobody sees anything without an account")
    allow_gists_without_login: bool = _setting(
        False, "true: single gists, by their address, are shown although GISTD_REQUIRE_LOGIN is on"
    )
    anonymous_gists: bool = _setting(True, "false: nobody makes a gist without an account")
    signup: bool = _setting(True, "false: only the operator and admins make accounts")
    max_signups_per_address: int = _setting(10, "new accounts from one address, per quarter of an hour")
    rate_limits: bool = _setting(True, "false: switches every throttle off (tests, trusted networks)")
    max_failures_per_account: int = _setting(
        10, "wrong passwords for one account from one address, per quarter of an hour"
    )
    max_failures_per_address: int = _setting(50, "wrong credentials from one address, per quarter of an hour")
    max_anonymous_gists: int = _setting(
        600, "new gists without an account from one address, per quarter of an hour; 0: any number"
    )
    max_writes_per_user: int = _setting(
        6000, "writes of gists by one user, per minute; each worker counts its own; 0: any number"
    )
    max_gists_per_user: int = _setting(0, "the most gists of one user; 0: any number")
    max_bytes_per_user: int = _setting(
        0, "whoever has so many bytes in the files of their gists makes and changes none; 0: any number"
    )
    min_free_bytes: int = _setting(
        64 * MIB, "with less room than this in the data directory, gists are read and deleted, but not made or changed"
    )
    digest_algorithms: str = _setting(
        "MD5, SHA-256",
        "what HTTP digest offers, in this order; many clients take the first, and older ones know MD5 only",
    )
    digest_nonce_seconds: int = _setting(300, "how long a challenge of HTTP digest may be answered")
    oauth_code_seconds: int = _setting(60, "how long an app may take to get its token, once somebody has let it in")
    oauth_token_days: int = _setting(
        366, "how long what an app was given is good; in sourcehut's older flow 365 at most"
    )
    forwarded_hops: int = _setting(0, "how many reverse proxies in front to believe about address, scheme and host")
    queue_url: str = _setting(
        "", "what is done beside the requests waits in this Redis (redis://…); empty: in a file in the data directory"
    )
    webhook_allow: str = _setting(
        "", "networks (CIDR, comma separated) that webhooks may reach although they are private: 10.1.0.0/16, fd00::/8"
    )
    webhook_key: str = _setting(
        "",
        "what webhooks are signed with, 32 bytes in base64; "
        "empty: the file webhook_key in the data directory, made at the first start",
        secret=True,
    )
    webhook_seconds: int = _setting(
        5, "how long a receiver of webhooks may take to be connected to, and to say something; twice as long in all"
    )
    webhook_attempts: int = _setting(5, "how often a webhook is sent to a receiver that does not answer, or not now")
    webhook_retry_seconds: int = _setting(
        60, "how long after the first of these attempts the second is made; each time four times as long"
    )
    webhook_days: int = _setting(30, "how long it is kept what was told to webhooks, and what they answered")
    max_webhooks: int = _setting(20, "the most webhooks of an account")
    max_webhook_answer_bytes: int = _setting(64 * 1024, "how much is kept of what a receiver of webhooks answers")
    max_file_bytes: int = _setting(10 * MIB, "the largest file")
    max_gist_bytes: int = _setting(50 * MIB, "the largest sum of the files of one revision")
    max_files: int = _setting(300, "the most files in a gist")
    max_fetch_bytes: int = _setting(2 * MIB, "the largest request for a clone or a fetch")
    max_push_bytes: int = _setting(50 * MIB, "the largest pack in a push")
    max_push_commits: int = _setting(5000, "the most new commits in a push")
    max_push_objects: int = _setting(50_000, "the most objects in a push")
    max_push_unpacked_bytes: int = _setting(512 * MIB, "the largest sum of the objects in a push, unpacked")
    max_push_memory_bytes: int = _setting(128 * MIB, "the most memory for unpacking one push, beside the pack itself")
    pack_cache_bytes: int = _setting(8 * MIB, "memory of each worker for packs that were sent lately; 0: none")
    answer_cache_bytes: int = _setting(
        4 * MIB, "memory of each worker for answers of a moment ago that are given again; 0: none"
    )
    render_processes: int = _setting(2, "processes of each worker that highlight code and render Markdown")
    render_seconds: int = _setting(2, "how long they may take for a page; what is not ready by then is shown plain")
    render_memory_bytes: int = _setting(512 * MIB, "the most memory that such a process may ask for")
    render_answer_bytes: int = _setting(8 * MIB, "the largest HTML that a text is made into")
    render_cache_bytes: int = _setting(8 * MIB, "memory of each worker for what was rendered lately; 0: none")
    max_rendered_bytes: int = _setting(512 * 1024, "the longest text, in characters, that is not just shown plain")
    max_form_bytes: int = _setting(
        4 * MIB, "the most content of files that the editor puts on its page; what is beyond stays as it is"
    )
    max_request_bytes: int = _setting(64 * MIB, "the largest request body")
    head_seconds: int = _setting(10, "how long a client may take to send the head of a request")
    body_seconds: int = _setting(10, "the time in which a part of a body must come, or of an answer be taken")
    body_bytes_per_second: int = _setting(1024, "how much that must be, for each of those seconds; 0: anything")
    max_waiting_bytes: int = _setting(
        1024 * MIB, "disk space of each worker, in the system's temporary directory, for requests until they are whole"
    )
    metrics_token: str = _setting(
        "", "the bearer token for /-/metrics, which is for nobody as long as this is empty", secret=True
    )
    max_query_bytes: int = _setting(64 * 1024, "the largest GraphQL query with its variables, without its files")
    max_query_tokens: int = _setting(2000, "the most words and signs in a GraphQL query")
    max_query_depth: int = _setting(25, "how deep a GraphQL query may be nested")
    max_query_complexity: int = _setting(
        250, "the most fields in a GraphQL query; those of a list in another list count 25 times"
    )
    query_seconds: int = _setting(3, "how long a GraphQL query may take")
    max_query_answer_bytes: int = _setting(16 * MIB, "the largest answer to a GraphQL query")

    sources: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> "Settings":  # noqa: TID251
        """The settings of this process. Raises ConfigurationError for a value or a key that makes no sense."""
        file = Path(environ.get("GISTD_CONFIG", "gistd.toml"))
        from_file = _read_toml(file, must_exist="GISTD_CONFIG" in environ)
        values: dict[str, Any] = {}
        sources: dict[str, str] = {}
        for setting in _settings():
            names = [variable(setting.name), setting.metadata["alias"]]
            name = next((name for name in names if name in environ), None)
            if name is not None:
                values[setting.name] = _convert(name, setting.default, environ[name])
                sources[setting.name] = f"environment {name}"
            elif setting.name in from_file:
                values[setting.name] = _convert(setting.name, setting.default, from_file[setting.name])
                sources[setting.name] = str(file)
        settings = cls(**values, sources=sources)
        settings._check()
        return settings

    @property
    def index_url(self) -> str:
        """The URL of the index, with the default filled in."""
        return self.database_url or f"sqlite:///{quote(str((self.repos / 'index.sqlite3').absolute()))}"

    @property
    def webhook_networks(self) -> list[IPv4Network | IPv6Network]:
        """The networks of GISTD_WEBHOOK_ALLOW."""
        return [ip_network(network) for network in re.split(r"[\s,]+", self.webhook_allow) if network]

    def describe(self) -> Iterator[tuple[str, str, str, str]]:
        """(variable, value, source, help) of each setting, secrets masked."""
        for setting in _settings():
            value = getattr(self, setting.name)
            shown = str(value).lower() if isinstance(value, bool) else _masked(str(value))
            shown = "***" if value and setting.metadata["secret"] else shown
            yield variable(setting.name), shown, self.sources.get(setting.name, "default"), setting.metadata["help"]

    def _check(self) -> None:
        for setting in _settings():
            value = getattr(self, setting.name)
            if isinstance(value, int) and not isinstance(value, bool) and value < 0:
                raise ConfigurationError(f"{variable(setting.name)} must not be negative, but is {value}")
        if 0 < len(self.secret_key) < SECRET_KEY_LENGTH:
            raise ConfigurationError(f"GISTD_SECRET_KEY must have at least {SECRET_KEY_LENGTH} characters")
        if not set(re.split(r"[\s,]+", self.digest_algorithms)) <= {"MD5", "SHA-256"}:
            raise ConfigurationError("GISTD_DIGEST_ALGORITHMS: there are MD5 and SHA-256")
        try:
            if len(base64.b64decode(self.webhook_key, validate=True)) not in (0, 32):
                raise ValueError
        except ValueError:
            raise ConfigurationError("GISTD_WEBHOOK_KEY must be 32 bytes in base64") from None
        try:
            _ = self.webhook_networks
        except ValueError as error:
            raise ConfigurationError(f"GISTD_WEBHOOK_ALLOW: {error}") from error
        if not re.fullmatch(r"((rediss?|unix)://\S+)?", self.queue_url):
            raise ConfigurationError("GISTD_QUEUE_URL must begin with redis://, rediss:// or unix://")
        if self.queue_url and find_spec("redis") is None:
            raise ConfigurationError("GISTD_QUEUE_URL needs one more package: pip install 'gistd[redis]'")
        if self.external_url and not re.fullmatch(r"https?://[^/\s\[\]]+(/\S*)?", self.external_url):
            raise ConfigurationError("GISTD_EXTERNAL_URL must begin with http:// or https://")


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"GISTD_{name.upper()}"


def _settings() -> Iterator[Any]:
    return (item for item in fields(Settings) if "help" in item.metadata)


def _read_toml(file: Path, must_exist: bool) -> dict[str, Any]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if must_exist:
            raise ConfigurationError(f"GISTD_CONFIG names {file}, which does not exist") from None
        return {}
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}") from error
    known = {setting.name for setting in _settings()}
    for key in content:
        if key not in known:
            raise ConfigurationError(f"{file}: there is no setting {key!r}; `gistd settings` lists them")
    return content


def _convert(name: str, default: Any, value: Any) -> Any:
    try:
        if isinstance(default, bool):
            return {"true": True, "1": True, "false": False, "0": False}[str(value).strip().lower()]
        if isinstance(default, int):
            return int(value)
        if isinstance(default, Path):
            return Path(value)
        return str(value).rstrip("/") if name.upper().endswith("URL") else str(value)
    except (KeyError, ValueError, TypeError):
        words = "true or false" if isinstance(default, bool) else "a whole number"
        raise ConfigurationError(f"{name} must be {words}, but is {value!r}") from None


def _masked(value: str) -> str:
    """The value without the password of a URL."""
    password = urlsplit(value).password if "://" in value else None
    return value.replace(f":{password}@", ":***@") if password else value
