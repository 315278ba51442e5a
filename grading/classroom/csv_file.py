"""The CSV files that an instructor hands to us: what a spreadsheet or a learning platform writes."""

import csv
import io
from pathlib import Path

from grading.errors import UsageError, one_line


def read(path, what):
    """(number of its last line, cells) of each row, without empty rows. UsageError if the file is
    none; `what`: what it should be, for the complaint."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(text), strict=True)
        rows = [(reader.line_num, [one_line(" ".join(cell.split())) for cell in row])
                for row in reader]
    except UnicodeDecodeError:
        raise UsageError(f"{path}: {what} is text in UTF-8; save it as \"CSV UTF-8\"") from None
    except csv.Error as error:
        raise UsageError(f"{path}: no CSV ({error}); is a quote left open?") from None
    return [(line, cells) for line, cells in rows if any(cells)]


def delimiter(text):
    """What stands between the columns; a spreadsheet's language decides that."""
    first = text.split("\n", 1)[0]
    return max(",;\t", key=first.count)
