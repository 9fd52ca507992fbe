"""The part of Supabase Auth's HTTP surface that PocketLLM needs, over our own `auth` schema."""
