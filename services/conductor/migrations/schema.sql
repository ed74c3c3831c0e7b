create table asks (
  key text collate "C" not null,
  "row" jsonb not null,
  constraint asks_pkey PRIMARY KEY (key)
) with (fillfactor=75);
CREATE INDEX asks_unfinished ON asks USING btree (key) WHERE ("row" ->> 'status'::text) = ANY (ARRAY['ready'::text, 'triggered'::text, 'started'::text]);

create table bindings (
  key text collate "C" not null,
  "row" jsonb not null,
  constraint bindings_pkey PRIMARY KEY (key)
);

create table cache (
  key text collate "C" not null,
  project text not null,
  subproject text,
  capability text not null,
  epoch bigint not null,
  sequence bigint not null,
  "row" jsonb not null,
  constraint cache_pkey PRIMARY KEY (key)
);
CREATE INDEX cache_newest ON cache USING btree (project, capability, epoch, sequence);

create table capabilities (
  key text collate "C" not null,
  "row" jsonb not null,
  constraint capabilities_pkey PRIMARY KEY (key)
);

create table checks (
  key text collate "C" not null,
  event text not null,
  "row" jsonb not null,
  constraint checks_pkey PRIMARY KEY (key)
);
CREATE INDEX checks_by_event ON checks USING btree (event);

create table facts (
  key text collate "C" not null,
  "row" jsonb not null,
  constraint facts_pkey PRIMARY KEY (key)
);

create table handlers (
  key text collate "C" not null,
  "row" jsonb not null,
  constraint handlers_pkey PRIMARY KEY (key)
);

create table names (
  key text collate "C" not null,
  "row" jsonb not null,
  constraint names_pkey PRIMARY KEY (key)
) with (fillfactor=75);

create table outbox (
  n bigint not null,
  event text not null,
  constraint outbox_pkey PRIMARY KEY (n)
);

create table parked (
  epoch bigint not null,
  sequence bigint not null,
  at timestamp with time zone not null,
  subject text not null,
  body bytea not null,
  digest text,
  refused text,
  reason text not null,
  times bigint not null default 1,
  redriven_epoch bigint,
  redriven_sequence bigint,
  told boolean not null default false,
  constraint parked_pkey PRIMARY KEY (epoch, sequence)
);
CREATE INDEX parked_untold ON parked USING btree (epoch, sequence) WHERE NOT told;
CREATE INDEX parked_waiting ON parked USING btree (epoch, sequence) WHERE redriven_epoch IS NULL;

create table position (
  singleton boolean not null default true,
  epoch bigint not null,
  sequence bigint not null,
  activation bigint not null default 0,
  constraint position_pkey PRIMARY KEY (singleton),
  constraint position_singleton_check CHECK (singleton)
);

create table projects (
  key text collate "C" not null,
  "row" jsonb not null,
  constraint projects_pkey PRIMARY KEY (key)
);

create table runs (
  key text collate "C" not null,
  project text not null,
  name text not null,
  active boolean not null,
  "row" jsonb not null,
  pinned jsonb,
  constraint runs_pkey PRIMARY KEY (key)
) with (fillfactor=75);
CREATE INDEX runs_active ON runs USING btree (key) WHERE active;
CREATE INDEX runs_by_name ON runs USING btree (name, project);

create table seeds (
  key text collate "C" not null,
  "row" jsonb not null,
  constraint seeds_pkey PRIMARY KEY (key)
);

create table tasks (
  key text collate "C" not null,
  "row" jsonb not null,
  constraint tasks_pkey PRIMARY KEY (key)
) with (fillfactor=75);
