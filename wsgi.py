"""For any WSGI server: `gunicorn wsgi:app` serves what `gistd serve` serves."""

from gistd import create_app

app = create_app()
