#!/bin/bash
# Before anything else starts: both schemas at this version, the rights of each part, the baseline model, Airflow's
# password. Safe to repeat.
set -euo pipefail

kzmonitor db upgrade
kzmonitor db roles --apply
python -c "from kzmonitor.cli import jobs; jobs.prepare()"
airflow db migrate
python "$(dirname "$0")/password.py"
