"""The CSV files that an instructor hands to us: what a spreadsheet or a learning platform writes."""

import csv
import io
from pathlib import Path

from grading.errors import UsageError, one_line


def read(path, what):
    """(number of its last line, cells) of each row, as plain() has them, without empty rows.
    UsageError if the file is none; `what`: what it should be, for the complaint."""
    rows = [(line, list(map(plain, cells))) for line, cells in raw(path, what)[1]]
    return [(line, cells) for line, cells in rows if any(cells)]


def raw(path, what):
    """What stands between the columns, and (number of its last line, cells) of each row, to the
    letter. UsageError as read()."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(text), strict=True)
        return delimiter(text), [(reader.line_num, row) for row in reader]
    except UnicodeDecodeError:
        raise UsageError(f"{path}: {what} is text in UTF-8; save it as \"CSV UTF-8\"") from None
    except csv.Error as error:
        raise UsageError(f"{path}: no CSV ({error}); is a quote left open?") from None


def plain(cell):
    """A cell without gaps around it, wide ones within, and what steers a terminal."""
    return one_line(" ".join(cell.split()))


def delimiter(text):
    """What stands between the columns; a spreadsheet's language decides that."""
    first = text.split("\n", 1)[0]
    return max(",;\t", key=first.count)
