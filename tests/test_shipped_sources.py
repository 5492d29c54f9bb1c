"""Credits of the shipped weights: the card of each names every source, with a free licence."""

from pathlib import Path

import pytest

from bandscribe import runtime
from bandscribe.readers import read_csv

DOCS = Path(__file__).parents[1] / "docs" / "models"
#: Words of licences under which nobody could sell what the weights are used for.
RESTRICTED = ("-nc", "noncommercial", "non-commercial", "unknown", "not stated", "-nd")


@pytest.mark.parametrize(
    ("model", "table"),
    [
        ("instruments", "instruments/sources.csv"),
        ("hits", "hits/sources.csv"),
        ("drums", "sources.csv"),
        ("drummernet", "sources.csv"),
    ],
)
def test_every_source_has_a_licence(model: str, table: str) -> None:
    fields = ("name", "licence", "origin")
    published = {tuple(row[field] for field in fields) for row in read_csv(DOCS / table, *fields)}
    sources = runtime.load(model).card.sources
    credited = {tuple(source[field] for field in fields) for source in sources}
    assert credited
    assert all(text.strip() for row in credited for text in row)
    assert not [row for row in credited if any(word in row[1].lower() for word in RESTRICTED)]
    assert credited <= published
    if table != "sources.csv":  # which is of two models
        assert credited == published
