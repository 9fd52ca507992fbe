"""Jobs: work that is asked for now and done by a worker, while nobody waits."""
