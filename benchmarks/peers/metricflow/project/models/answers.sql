-- The workspace's own files; moments on the workspace's clock, which is UTC.
select * replace (cast(submitted_at as timestamp) as submitted_at)
from read_parquet({{ var("facts")["response"] }}, hive_partitioning = false)
