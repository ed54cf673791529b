#!/bin/bash
# Before anything else starts: both schemas at this version, the baseline model, Airflow's password. Safe to repeat.
set -euo pipefail

kzmonitor db upgrade
python -c "from kzmonitor.cli import jobs; jobs.prepare()"
airflow db migrate

# Airflow opens the file for writing, so it is made here and not mounted as a secret.
umask 077
python - <<'PYTHON'
import json, os
from pathlib import Path

path = Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
path.write_text(json.dumps({"admin": os.environ["AIRFLOW_ADMIN_PASSWORD"]}) + "\n")
PYTHON
