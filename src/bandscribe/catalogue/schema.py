"""The tables of a catalogue and their columns.

A table is a folder of Parquet files with these columns. Its files are in folders for `version`
(which model and which code made the rows, see the manifest) or for `revision` (how often the
recording was analysed), which readers of Parquet take as one more column (Hive partitioning).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pyarrow as pa

#: Version of the tables and columns. A catalogue of another one is refused.
SCHEMA = 1


class Column(NamedTuple):
    """A column of a table: its type, whether cells may be null, and what it means."""

    name: str
    type: pa.DataType
    nullable: bool
    meaning: str


class Table(NamedTuple):
    """A table: the column in its folders' names, and those in its files."""

    partition: str
    columns: tuple[Column, ...]

    @property
    def arrow(self) -> pa.Schema:
        """The columns in the files."""
        return pa.schema([pa.field(c.name, c.type, c.nullable) for c in self.columns])


_KEY = Column("recording", pa.string(), False, "content hash: BLAKE2b of the file, 128 bits in hex")
_SPAN = pa.struct([pa.field("start", pa.float32()), pa.field("end", pa.float32())])

TABLES: Mapping[str, Table] = {
    "files": Table(
        "scan",
        (
            Column("path", pa.string(), False, "absolute path or address"),
            Column("bytes", pa.int64(), True, "size of the file; null once it is gone"),
            Column("stamp", pa.string(), False, "time of change or ETag, to notice changes"),
            Column("recording", pa.string(), True, "what it holds; null where it cannot be read"),
            Column("error", pa.string(), True, "why it cannot be read"),
        ),
    ),
    "recordings": Table(
        "revision",
        (
            _KEY,
            Column("bytes", pa.int64(), False, "size of the file"),
            Column("format", pa.string(), True, "container by content, such as FLAC or MP3"),
            Column("sample_rate", pa.int32(), True, "Hz, of the file"),
            Column("channels", pa.int32(), True, "of the file"),
            Column("duration", pa.float64(), True, "seconds that could be decoded"),
            Column(
                "loudness",
                pa.float32(),
                True,
                "integrated loudness of the mono mix in LUFS (ITU-R BS.1770); null for silence",
            ),
            Column("title", pa.string(), True, "tag of the file"),
            Column("artist", pa.string(), True, "tag of the file"),
            Column("album", pa.string(), True, "tag of the file"),
            Column("genre", pa.string(), True, "tag of the file"),
            Column("date", pa.string(), True, "tag of the file"),
            Column("tempo", pa.float32(), True, "beats per minute, as `transcribe` prints it"),
            Column(
                "metre", pa.string(), True, "such as 4/4, of most bars, as `transcribe` prints it"
            ),
            Column("quarters", pa.float32(), True, "quarter notes to a beat, 1.5 in 6/8"),
            Column("note_count", pa.int32(), True, "drum notes"),
            Column(
                "pattern",
                pa.list_(pa.float32()),
                True,
                "drum pattern: kick, snare and hi-hat in 16 steps of a bar, see `similar`",
            ),
            Column(
                "line_up",
                pa.list_(pa.float32()),
                True,
                "probability of each instrument, in the order of the model's classes",
            ),
            Column("drums", pa.string(), True, "version that made `notes`; null: not requested"),
            Column("beats", pa.string(), True, "version that made `beats`"),
            Column("instruments", pa.string(), True, "version that made `instruments`"),
            Column("activity", pa.string(), True, "version that made `activity`"),
            Column("error", pa.string(), True, "why it could not be analysed"),
            Column("warning", pa.string(), True, "such as a file that breaks off"),
        ),
    ),
    "notes": Table(
        "version",
        (
            _KEY,
            Column("onset", pa.float64(), False, "seconds"),
            Column("class", pa.string(), False, "one of the ten drum classes"),
            Column("velocity", pa.float32(), False, "0 to 1"),
        ),
    ),
    "beats": Table(
        "version",
        (
            _KEY,
            Column("time", pa.float64(), False, "seconds"),
            Column("position", pa.int16(), False, "in the bar, 1 is the downbeat"),
        ),
    ),
    "instruments": Table(
        "version",
        (
            _KEY,
            Column("class", pa.string(), False, "an instrument class, such as vio"),
            Column("probability", pa.float32(), False, "that it plays, calibrated"),
            Column("present", pa.bool_(), False, "whether that reaches the model's threshold"),
            Column("share", pa.float32(), False, "share of the time in which it plays"),
            Column("spans", pa.list_(_SPAN), False, "when it plays, in seconds"),
        ),
    ),
    "activity": Table(
        "version",
        (
            _KEY,
            Column("class", pa.string(), False, "an instrument class"),
            Column("percent", pa.list_(pa.uint8()), False, "probability in each second, 0 to 100"),
        ),
    ),
}

#: The tasks, each with the role of its model.
TASKS: Mapping[str, str] = {
    "drums": "drums", "beats": "drums", "instruments": "instruments", "activity": "instruments",
}  # fmt: skip
#: The tasks that are done by default.
DEFAULT_TASKS = ("drums", "beats", "instruments")
#: The table that each task fills.
TABLE_OF: Mapping[str, str] = {
    "drums": "notes", "beats": "beats", "instruments": "instruments", "activity": "activity",
}  # fmt: skip


def describe(name: str) -> str:
    """The rows of a Markdown table, one for each column of a table: its name, type, meaning."""
    table = TABLES[name]
    rows = [
        f"| `{c.name}` | {c.type}{'' if c.nullable else ', not null'} | {c.meaning} |"
        for c in table.columns
    ]
    return "\n".join(rows)
