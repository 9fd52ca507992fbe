-- 20261122000020_storage.sql
-- Buckets and objects in the shape of a hosted project's storage schema; the files lie elsewhere.
-- Needs: 20261122000001_roles.sql

create role supabase_storage_admin nologin noinherit;
-- Owning them is what policies are made with. A hosted project allows `postgres` the same by an
-- extension of its own.
grant supabase_storage_admin to postgres;

create schema storage authorization supabase_storage_admin;
grant usage on schema storage to anon, authenticated, service_role, postgres;

create table storage.buckets (
  id text primary key,
  name text not null,
  owner uuid,
  owner_id text,
  public boolean default false,
  avif_autodetection boolean default false,
  file_size_limit bigint,
  allowed_mime_types text[],
  type text not null default 'STANDARD',
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  constraint buckets_only_standard check (type = 'STANDARD')
);
comment on table storage.buckets is 'Named places for objects, with the limits of what they take.';
comment on column storage.buckets.owner is 'Field is deprecated, use owner_id instead';
create unique index bname on storage.buckets (name);

create table storage.objects (
  id uuid primary key default gen_random_uuid(),
  bucket_id text,
  name text,
  owner uuid,
  owner_id text,
  version text,
  metadata jsonb,
  user_metadata jsonb,
  path_tokens text[] generated always as (string_to_array(name, '/')) stored,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  last_accessed_at timestamptz default now(),
  constraint "objects_bucketId_fkey" foreign key (bucket_id) references storage.buckets (id)
);
comment on table storage.objects is 'What is stored; row level security decides who may do what.';
comment on column storage.objects.owner is 'Field is deprecated, use owner_id instead';
comment on column storage.objects.version is 'Names the file with the content; a new one each time it is written.';
create unique index bucketid_objname on storage.objects (bucket_id, name);
-- In the order of bytes, so that a folder is one range of it.
create index idx_objects_bucket_id_name on storage.objects (bucket_id, name collate "C");

alter table storage.buckets owner to supabase_storage_admin;
alter table storage.objects owner to supabase_storage_admin;
alter table storage.buckets enable row level security;
alter table storage.objects enable row level security;

-- A hosted project grants everything; the other three rights (truncate, references, trigger) no
-- request of Storage uses.
grant select, insert, update, delete on storage.buckets, storage.objects to anon, authenticated;
grant all on storage.buckets, storage.objects to service_role;
grant all on storage.buckets, storage.objects to postgres with grant option;
