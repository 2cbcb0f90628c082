"""From the bytes of a file to its sheet; which kind it is the bytes say."""

from intake.importing.csv_lines import csv_lines
from intake.importing.rows import Sheet, sheet_of

_ZIP = b"PK\x03\x04"


def read_sheet(body: bytes) -> Sheet:
    """Return the sheet in a CSV file or an XLSX workbook; raises UnreadableFile if it is neither.

    Raises it also for a header that is not as specified and for more than MOST_ROWS rows.
    """
    if not body.startswith(_ZIP):
        return sheet_of(csv_lines(body))
    # What reads workbooks takes 20 MB; most processes never see one.
    from intake.importing.xlsx_lines import xlsx_lines

    return sheet_of(xlsx_lines(body))
