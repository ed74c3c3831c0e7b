create table capabilities (
  name text not null,
  effects text not null default 'none'::text,
  constraint capabilities_pkey PRIMARY KEY (name)
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
  constraint position_pkey PRIMARY KEY (singleton),
  constraint position_singleton_check CHECK (singleton)
);

create table versions (
  project text not null,
  version integer not null,
  digest text not null,
  applied json not null,
  origins json not null,
  by text,
  reason text,
  at timestamp with time zone not null,
  constraint versions_pkey PRIMARY KEY (project, version)
);
