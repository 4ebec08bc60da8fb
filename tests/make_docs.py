"""Write docs/settings.md from the table of settings: `python -m tests.make_docs`."""

from pathlib import Path

from gistd.settings import Settings

HEAD = """# Settings

A setting comes from the environment, else from the TOML file that `GISTD_CONFIG` names (`./gistd.toml` if it
is there), else it has its default. In the file a setting goes by its name without `GISTD_`, in small letters:

```toml
repos = "/var/lib/gistd"
external_url = "https://gists.example.org"
```

`gistd settings` shows each with its value and where that came from. Sizes are in bytes.

| variable | default | what it is for |
|---|---|---|
"""


def settings_page() -> str:
    rows = [f"| `{name}` | `{value or ' '}` | {help} |" for name, value, _, help in Settings().describe()]
    return HEAD + "\n".join(rows) + "\n\n`OG_API_ENABLED` is understood as `GISTD_API_ENABLED`.\n"


if __name__ == "__main__":
    (Path(__file__).parent.parent / "docs" / "settings.md").write_text(settings_page())
