"""`/storage/v1`: buckets and objects, as Supabase Storage serves them."""
