"""The CSV files that an instructor hands to us: what a spreadsheet or a learning platform writes."""

import csv
import io
from pathlib import Path
from typing import NamedTuple

from grading.errors import UsageError, one_line

MARK = "\ufeff"  # at the start: by it a spreadsheet knows UTF-8


class Form(NamedTuple):
    """How a file is written, cells apart."""

    delimiter: str
    end: str  # of a line
    mark: str  # MARK, or nothing


def read(path, what):
    """(number of its last line, cells) of each row, as plain() has them, without empty rows.
    UsageError if the file is none; `what`: what it should be, for the complaint."""
    rows = [(line, list(map(plain, cells))) for line, cells in raw(path, what)[1]]
    return [(line, cells) for line, cells in rows if any(cells)]


def raw(path, what):
    """The Form of a file, and (number of its last line, cells) of each row, to the letter.
    UsageError as read()."""
    try:
        text = Path(path).read_bytes().decode("utf-8")
        mark, text = text[:text.startswith(MARK)], text.removeprefix(MARK)
        form = Form(delimiter(text), "\r\n" if "\r\n" in text else "\n", mark)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=form.delimiter, strict=True)
        return form, [(reader.line_num, row) for row in reader]
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
