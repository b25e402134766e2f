"""Runs the blocks `sql duckdb` and `python` of a document in the working directory.

Prints how many rows each gave, as a list of JSON; of Python, how many lines it printed.
"""
import contextlib, io, json, sys

import duckdb

db = duckdb.connect()
rows = []
for i, part in enumerate(open(sys.argv[1]).read().split("\n```")):
    kind, _, body = part.partition("\n")
    if i % 2 == 0:
        continue
    if kind == "sql duckdb":
        if "CREATE" in body:
            db.execute(body)
        elif "COPY" in body:
            rows.append(db.execute(body).fetchone()[0])
        else:
            rows.append(len(db.sql(body).to_arrow_table()))
    elif kind == "python":
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(body, {})
        rows.append(len(printed.getvalue().strip("[]\n")))
json.dump(rows, sys.stdout)
