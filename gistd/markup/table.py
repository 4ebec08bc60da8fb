"""Text with separated values (RFC 4180), as rows."""

import csv
import io


def rows(delimiter: str, most: int, words: str) -> list[list[str]] | None:
    """The first `most` rows and the heading before them; None when this is no table: rows of different lengths, or one
    column only."""
    reader = csv.reader(io.StringIO(words.removeprefix("\ufeff"), newline=""), delimiter=delimiter, strict=True)
    found: list[list[str]] = []
    for row in reader:
        if row:
            found.append(row)
        if len(found) > most:
            break
    columns = {len(row) for row in found}
    return found if len(columns) == 1 and columns.pop() > 1 else None
