"""A catalogue of many recordings: analysed once, kept as Parquet, queried with SQL.

Here: the tables and their columns (`schema`), one recording into rows (`analysis`), the folder in
which they are kept (`store`), which recordings are still to be analysed (`build`) and the workers
that analyse them (`cluster`, through Ray Data), and the queries (`read`, `expressions`,
`similarity`, `selection`, `statistics`). Not here: how audio is analysed, which is the business of
`drums` and `instruments`, and how results are drawn.

    from bandscribe.catalogue import connect
    database = connect("catalogue")      a DuckDB connection with a view for each table
    database.sql("SELECT path, tempo FROM recordings ORDER BY tempo").df()

Needs the extra `catalogue`.
"""

from __future__ import annotations

from bandscribe.catalogue.read import connect

__all__ = ["connect"]
