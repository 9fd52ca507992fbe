"""The database: connections that act as somebody, named queries, migrations."""
