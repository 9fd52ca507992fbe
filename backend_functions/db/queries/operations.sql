-- name: applied_migrations
-- The versions of the migrations that were applied to this database.
select private.applied_migrations() as version
