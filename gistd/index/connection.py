"""The connection to the index: opened by URL, written to only through `write`."""

import errno
import fcntl
            raise _refused(error) from error
        if time.monotonic() - began > _PATIENCE:  # those before us waited in vain, most likely, and so should we
            raise _told("SQLITE_BUSY")
        yield


def migrate() -> None:
    """Bring the schema up to date. Raises ConfigurationError when it is from a newer gistd."""
    with _reported(database), _one_at_a_time():
        runner = Runner(database.obj, str(MIGRATIONS), table_name="schema_migration")
        unknown = [migration.name for migration in runner.status() if migration.path is None]
        if unknown:
            raise ConfigurationError(
                f"the index was made by a newer gistd (it has {', '.join(unknown)}); upgrade this one"
            )
        runner.up()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Several workers, or several nodes, start together: one of them migrates, the others wait."""
    if isinstance(database.obj, peewee.SqliteDatabase):
        with _turn():
            yield
        _sync()
    else:
        with database.connection_context() if database.is_closed() else nullcontext():
            database.execute_sql("SELECT pg_advisory_lock(6157)")
            try:
                yield
            finally:
                database.execute_sql("SELECT pg_advisory_unlock(6157)")
