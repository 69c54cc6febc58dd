-- The workspace's own files; moments on the workspace's clock, which is UTC.
select * replace (cast(started_at as timestamp) as started_at)
from read_parquet({{ var("facts")["visit"] }}, hive_partitioning = false)
