"""A catalogue of many recordings: analysed once, stored as Parquet, queried with SQL.

`schema` has the tables and their columns, `analysis` turns a recording into rows, `store` is the
folder of the tables, `build` finds which recordings remain to be analysed, and `cluster` runs the
workers that analyse them, with Ray Data. Queries are in `read`, `expressions`, `similarity`,
`selection` and `statistics`. The analysis itself is that of `drums` and `instruments`.

    from bandscribe.catalogue import connect
    database = connect("catalogue")      a DuckDB connection with a view for each table
    database.sql("SELECT path, tempo FROM recordings ORDER BY tempo").df()

Needs the extra `catalogue`.
"""

from __future__ import annotations

from bandscribe.catalogue.read import connect

__all__ = ["connect"]
