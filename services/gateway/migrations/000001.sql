-- Who may do what. Of a token itself only its SHA-256 is kept.
create table tokens (
  id text primary key,
  digest bytea not null unique,
  -- Stands as "by" with what it decides.
  name text not null,
  scopes text[] not null,
  -- null: all projects.
  projects text[],
  -- The prefix of the sources that it may speak as, and nobody else; null: any that belongs to nobody.
  source text,
  created_at timestamptz not null default now(),
  created_by text,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  revoked_by text
);
