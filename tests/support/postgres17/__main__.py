"""Fetches PostgreSQL 17 into the cache folder."""

from tests.support.postgres17 import programs

programs()
