"""Process life of the embedded backend: PostgreSQL, local model, the all-in-one server."""
