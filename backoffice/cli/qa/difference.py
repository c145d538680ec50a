"""Shows how a message differs from what was expected: both sides, field by field, the first difference marked."""

from backoffice.cli.qa.matching import Comparison, Row
from backoffice.cli.qa.names import MASK, SECRET_TAGS, field_name, message_name


def shown(comparison: Comparison) -> str:
    """Return the lines that show a difference, indented, as one text."""
    first = comparison.first_difference
    assert first is not None, "there is a difference"
    text = [f"    the message differs in {field_name(first.tag)}"]
    lines = [("", "field", "expected", "received", "")]
    for row in comparison.rows:
        mark = "→" if row is first else "≠" if row.differs else ""
        expected = "…" if row.written is None and not row.differs else _value(row, row.expected)
        lines.append((mark, field_name(row.tag), expected, _value(row, row.received), row.why))
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, (1, *widths[1:], 0), strict=True))
        text.append(f"    {'  '.join(cells)}".rstrip())
    return "\n".join(text)


def _value(row: Row, value: str | None) -> str:
    if value is None:
        return "–"
    if row.tag in SECRET_TAGS:
        return MASK
    return message_name(value) if row.tag == "35" else value
