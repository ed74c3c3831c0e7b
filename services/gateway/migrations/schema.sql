create table subscriptions (
  id text not null,
  project text,
  sink text not null,
  filters jsonb not null,
  format text not null,
  key text not null,
  "position" text not null,
  failures integer not null default 0,
  due_at timestamp with time zone,
  paused text,
  created_at timestamp with time zone not null default now(),
  created_by text,
  teller text,
  teller_until timestamp with time zone,
  constraint subscriptions_pkey PRIMARY KEY (id)
);

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

create table webhook_handlers (
  project text not null,
  name text not null,
  url text not null,
  key text not null,
  previous_key text,
  version text not null,
  contracts jsonb not null,
  concurrency integer not null,
  heartbeat boolean not null,
  created_at timestamp with time zone not null default now(),
  created_by text,
  disabled text,
  constraint webhook_handlers_pkey PRIMARY KEY (project, name)
);

create table webhook_tasks (
  triggeredid text not null,
  assignment jsonb not null,
  until timestamp with time zone not null,
  constraint webhook_tasks_pkey PRIMARY KEY (triggeredid)
);
