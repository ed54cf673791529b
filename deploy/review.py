"""The review app in a container: it listens to the whole container, whose port is published on 127.0.0.1 only.

Until an admin has a password, whoever has the token may decide: publish the port nowhere else before that, and then
only behind a server that ends TLS."""

import os

from kzmonitor import config, review
from kzmonitor.cli import shell

if __name__ == "__main__":
    with shell.one_line_errors(), shell.database() as database:
        review.serve(
            database,
            config.settings(),
            host="0.0.0.0",  # noqa: S104 - see above
            port=int(os.environ.get("PORT", "8000")),
            token=os.environ["KZMONITOR_REVIEW_TOKEN"],
            allow_remote=True,
            processes=review.usual_number(),
        )
