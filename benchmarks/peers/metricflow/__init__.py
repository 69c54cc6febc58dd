"""MetricFlow (dbt-metricflow with dbt-duckdb) over the same Parquet files."""
