-- name: applied_migrations
-- The versions of the migrations that were applied to this database.
select private.applied_migrations() as version

-- name: note_deed
-- Something that an operator did.
select public.admin_note(%(deed)s, %(operator)s, null, %(details)s::jsonb)
