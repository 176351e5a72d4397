"""Loads the activities of the sandbox with dlt: the loop that a user would write. Prints the seconds of the load."""

import sys
import time
import urllib.parse

import dlt
import requests

url, target, folder = sys.argv[1:]


@dlt.resource(name="activities", primary_key="cid", write_disposition="merge")
def activities():
    session = requests.Session()
    session.headers.update({"apikey": "sandbox-key", "login": "boss@example.test"})
    page = 0
    while True:
        body = {"order": "cid", "first": "old", "offset": page, "dateStart": "0000-00-00", "dateEnd": "9999-12-31"}
        answer = session.post(f"{url}/developer/v3/history/list", json=body, timeout=60).json()
        if isinstance(answer, list):
            return
        yield answer["data"]
        page += 1


if target.startswith("sqlite:"):
    destination = dlt.destinations.sqlalchemy(target)
else:
    # dlt requires a host and a password. libpq decodes the folder of the socket.
    parts = urllib.parse.urlsplit(target)
    query = dict(urllib.parse.parse_qsl(parts.query))
    host = urllib.parse.quote(query["host"], safe="")
    destination = dlt.destinations.postgres(f"postgresql://{query['user']}:unused@{host}:5432{parts.path}")
name = f"crm_{time.time_ns()}"
pipeline = dlt.pipeline(pipeline_name=name, destination=destination, dataset_name=name, pipelines_dir=folder)
started = time.monotonic()
pipeline.run(activities()).raise_on_failed_jobs()
print(time.monotonic() - started)
