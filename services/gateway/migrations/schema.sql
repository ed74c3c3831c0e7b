create table tokens (
  id text not null,
  digest bytea not null,
  name text not null,
  scopes text[] not null,
  projects text[],
  source text,
  created_at timestamp with time zone not null default now(),
  created_by text,
  expires_at timestamp with time zone,
  last_used_at timestamp with time zone,
  revoked_at timestamp with time zone,
  revoked_by text,
  constraint tokens_pkey PRIMARY KEY (id),
  constraint tokens_digest_key UNIQUE (digest)
);
