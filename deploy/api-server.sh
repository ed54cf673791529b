#!/bin/bash
# The API server where no volume carries Airflow's password file over from init.sh, as on Kubernetes.
set -euo pipefail

python "$(dirname "$0")/password.py"
exec airflow api-server
