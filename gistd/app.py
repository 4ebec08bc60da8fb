"""The application: settings in, house opened, faces hung, the right error shape chosen."""

from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from gistd import api, index, kept, ops, reference, transport, web
from gistd.core import house, jobs, meters
from gistd.http import (
    PlaceConverter,
    Request,
    always,
    answer_error,
    forgive_headers,
    forgive_slashes,
    identified,
    refuse_bad_hosts,
)
from gistd.settings import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application: settings in, house opened, faces hung, the right error shape chosen.

    Raises ConfigurationError when it cannot start as configured.
    """
    settings = settings or Settings.load()
    house.open(settings)
    house.store.sweep()
    index.close()  # a connection must not live through a fork
    app = Flask(__name__, static_folder=None)
    app.request_class = Request
    app.config["MAX_CONTENT_LENGTH"] = settings.max_request_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = settings.max_request_bytes
    app.url_map.strict_slashes = False
    app.url_map.converters["place"] = PlaceConverter
    # The pages claim whatever nobody else does, so they come last.
    dialects = api.dialects()
    described = reference.make_face([dialect.document for dialect in dialects if hasattr(dialect, "document")])
    faces = [*(face for dialect in dialects for face in api.faces(dialect)), described, ops.face, web.face]
    meters.name_faces([*(face.name for face in faces), "git"])
    for face in faces:
        app.register_blueprint(face)
    web.texts.hang_on(app)
    app.register_error_handler(Exception, lambda error: answer_error(faces, error))
    wsgi: Any = transport.beside(app.wsgi_app)
    if settings.answer_cache_bytes:
        wsgi = kept.Kept(wsgi, settings.answer_cache_bytes, transport.only_asks)
    wsgi = refuse_bad_hosts(forgive_headers(forgive_slashes(wsgi)))
    if hops := settings.forwarded_hops:
        wsgi = ProxyFix(wsgi, x_for=hops, x_proto=hops, x_host=hops)
    app.wsgi_app = identified(wsgi, always(settings))  # type: ignore[assignment, method-assign]
    return app


def work(settings: Settings, parent: int | None = None) -> None:
    """What is done beside the requests, until this process is told to stop, or is not a child of `parent` any more."""
    house.open(settings)
    index.close()
    api.dialects()  # which say how events are told
    jobs.work(parent)
    index.close()
