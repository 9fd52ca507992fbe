"""The part of Supabase's HTTP surface that the embedded backend serves."""
