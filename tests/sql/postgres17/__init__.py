"""Proofs of the SQL, once more on the PostgreSQL that hosted projects have."""
