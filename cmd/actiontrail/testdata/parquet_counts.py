"""Counts of archives in Parquet, as DuckDB and pyarrow find them.

Arguments: folders with events/, and s3://BUCKET/PREFIX of the store at AWS_ENDPOINT_URL.
Prints {place: {reader: {what: {value: count}, "lines": SHA-256 of the sorted lines}}}.
"""
import hashlib, json, os, sys

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyarrow import fs

PARTITIONS = ds.partitioning(pa.schema([(n, pa.string()) for n in ("account", "region", "dt", "hour")]), flavor="hive")


def digest(lines):
    return hashlib.sha256(b"".join(line.encode() + b"\n" for line in sorted(lines, key=str.encode))).hexdigest()


def by_duckdb(db, table):
    keys = {
        "event_name": "event_name",
        "user_name": "user_name",
        "partition": "dt || 'T' || hour",
        "hour": "strftime(event_time AT TIME ZONE 'UTC', '%Y-%m-%dT%H')",
    }
    out = {what: dict(db.sql(f"SELECT {key}, count(*) FROM {table} WHERE {key} IS NOT NULL GROUP BY 1").fetchall()) for what, key in keys.items()}
    out["lines"] = digest(row[0] for row in db.sql(f"SELECT body FROM {table}").fetchall())
    return out


def by_pyarrow(dataset):
    table = dataset.to_table(columns=["event_name", "user_name", "event_time", "dt", "hour", "body"])
    table = table.append_column("partition", pc.binary_join_element_wise(table["dt"].cast("string"), table["hour"].cast("string"), "T"))
    table = table.set_column(table.schema.get_field_index("hour"), "hour", pc.strftime(table["event_time"], format="%Y-%m-%dT%H"))
    out = {}
    for what in ("event_name", "user_name", "partition", "hour"):
        counted = table.filter(pc.is_valid(table[what])).group_by(what).aggregate([([], "count_all")])
        out[what] = dict(zip(counted[what].to_pylist(), counted["count_all"].to_pylist()))
    out["lines"] = digest(table["body"].to_pylist())
    return out


answers = {}
for place in sys.argv[1:]:
    db = duckdb.connect()
    if place.startswith("s3://"):
        store = fs.S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL"].removeprefix("http://"), scheme="http",
                                access_key=os.environ["AWS_ACCESS_KEY_ID"], secret_key=os.environ["AWS_SECRET_ACCESS_KEY"], region="us-east-1")
        stored = ds.dataset(place.removeprefix("s3://") + "/events", filesystem=store, format="parquet", partitioning=PARTITIONS)
        db.register("events", stored)  # DuckDB asks pyarrow for the bytes: its own extension for S3 cannot be had everywhere
    else:
        stored = ds.dataset(place + "/events", format="parquet", partitioning=PARTITIONS)
        db.sql(f"""CREATE VIEW events AS SELECT * FROM read_parquet('{place}/events/**/*.parquet', hive_partitioning = true,
            hive_types = {{'account': VARCHAR, 'region': VARCHAR, 'dt': VARCHAR, 'hour': VARCHAR}})""")
    answers[place] = {"duckdb": by_duckdb(db, "events"), "pyarrow": by_pyarrow(stored)}
json.dump(answers, sys.stdout)
