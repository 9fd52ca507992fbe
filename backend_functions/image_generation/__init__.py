"""Pictures on request: the endpoint, the task that a worker runs, and how one is made."""
