-- Everything here is a fold of the stream up to `position`, but for the outbox: rows can be made anew from the events,
-- and a rebuild must come to the same ones. Keys are the lifecycle's own; "C" keeps them in byte order, so that the
-- tasks of a run lie side by side under `<run>/`.

create table position (
  singleton boolean primary key default true check (singleton),
  epoch bigint not null,
  sequence bigint not null
);

-- Decisions that were not read back from the stream yet. A row is written with the position of the event that led to
-- it, and goes when its own event is read; whatever is here at a start is published again under the same id.
create table outbox (
  n bigint primary key,
  event text not null
);

create table projects (key text collate "C" primary key, row jsonb not null);
create table handlers (key text collate "C" primary key, row jsonb not null);
create table bindings (key text collate "C" primary key, row jsonb not null);

-- `pinned` is written once and is by far the larger part; `row` changes with every counted answer. The columns beside
-- them never change but `active`, which changes twice, so that nearly all updates stay off the indexes. Free space in
-- each page lets a new version of a row lie beside the old one.
create table runs (
  key text collate "C" primary key,
  project text not null,
  name text not null,
  active boolean not null,
  row jsonb not null,
  pinned jsonb
) with (fillfactor = 75);
create index runs_by_name on runs (name, project);
create index runs_active on runs (key) where active;

create table tasks (key text collate "C" primary key, row jsonb not null) with (fillfactor = 75);

-- The columns are for `why`, which compares with the newest answer that was kept for the same work.
create table cache (
  key text collate "C" primary key,
  project text not null,
  subproject text,
  capability text not null,
  epoch bigint not null,
  sequence bigint not null,
  row jsonb not null
);
create index cache_newest on cache (project, capability, epoch, sequence);

create table names (key text collate "C" primary key, row jsonb not null) with (fillfactor = 75);
create table seeds (key text collate "C" primary key, row jsonb not null);
create table facts (key text collate "C" primary key, row jsonb not null);

-- What each event from outside met: who reacted, and which clause of which trigger said no.
create table checks (
  key text collate "C" primary key,
  event text not null,
  row jsonb not null
);
create index checks_by_event on checks (event);
