-- Handlers that are asked by signed POST. Of a secret nothing is kept: it is made of the gateway's own and the key's name.
create table webhook_handlers (
  -- '*': every project.
  project text not null,
  name text not null,
  url text not null,
  key text not null,
  -- While a secret is changed, both sign.
  previous_key text,
  version text not null,
  contracts jsonb not null,
  concurrency integer not null,
  -- false: after 202 only the deadline counts.
  heartbeat boolean not null,
  created_at timestamptz not null default now(),
  created_by text,
  -- Why nothing is sent there any more.
  disabled text,
  primary key (project, name)
);

-- Tasks that were answered by 202 and send no heartbeat: the gateway asks for their lease.
create table webhook_tasks (
  triggeredid text primary key,
  assignment jsonb not null,
  until timestamptz not null
);
