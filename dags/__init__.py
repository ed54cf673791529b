"""The Airflow DAGs: one file each, only wiring."""
