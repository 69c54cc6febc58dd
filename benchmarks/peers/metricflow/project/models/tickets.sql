-- The workspace's own files; moments on the workspace's clock, which is UTC.
select * replace (
    cast(opened_at as timestamp) as opened_at,
    cast(resolved_at as timestamp) as resolved_at,
    cast(first_response_at as timestamp) as first_response_at
)
from read_parquet({{ var("facts")["ticket"] }}, hive_partitioning = false)
