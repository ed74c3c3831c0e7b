create table capabilities (
  name text not null,
  constraint capabilities_pkey PRIMARY KEY (name)
);

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
