-- How far the log was read.
create table position (
  singleton boolean primary key default true check (singleton),
  epoch bigint not null,
  sequence bigint not null
);

-- Every version of every project, as config.applied said it. `json` keeps the order in which people wrote.
create table versions (
  project text not null,
  version integer not null,
  digest text not null,
  applied json not null,
  origins json not null,
  "by" text,
  reason text,
  at timestamptz not null,
  primary key (project, version)
);
