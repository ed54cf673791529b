"""Write Airflow's password file. Airflow opens it for writing, so it is made here and not mounted as a secret."""

import json
import os
from pathlib import Path

if __name__ == "__main__":
    os.umask(0o077)
    path = Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    path.write_text(json.dumps({"admin": os.environ["AIRFLOW_ADMIN_PASSWORD"]}) + "\n")
