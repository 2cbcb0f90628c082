"""From the bytes of a file to its sheet; which kind it is the bytes say."""

from intake.importing.csv_lines import csv_lines
from intake.importing.rows import Sheet, sheet_of
from intake.importing.xlsx_lines import xlsx_lines

_ZIP = b"PK\x03\x04"


def read_sheet(body: bytes) -> Sheet:
    """Return the sheet in a CSV file or an XLSX workbook; raises UnreadableFile if it is neither.

    Raises it also for a header that is not as specified and for more than MOST_ROWS rows.
    """
    return sheet_of(xlsx_lines(body) if body.startswith(_ZIP) else csv_lines(body))
