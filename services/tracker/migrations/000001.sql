-- How far the stream was read, and how much of it was kept; moved with everything else by compare-and-set.
create table position (
  singleton boolean primary key default true check (singleton),
  epoch bigint not null,
  sequence bigint not null,
  events bigint not null,
  withheld bigint not null
) with (fillfactor = 50);
insert into position (epoch, sequence, events, withheld) values (0, 0, 0, 0);

-- The log: every event once, in stream order. `body` is the whole event as JSON text, because jsonb would round nothing
-- but readers of numbers would; the columns are what questions search by.
create table events (
  epoch bigint not null,
  sequence bigint not null,
  at timestamptz not null,
  id text collate "C" not null,
  source text collate "C" not null,
  type text collate "C" not null,
  project text collate "C" not null, -- '' where there is none: part of the key
  subject text collate "C",
  run text collate "C",
  correlationid text collate "C",
  causationid text collate "C",
  digest bytea not null,
  body text not null,
  primary key (epoch, sequence)
);
-- The key of an event; by its first column an event is also found by id alone.
create unique index events_key on events (id, source, type, project);
create index events_of_run on events (run, epoch, sequence) where run is not null;
create index events_of_story on events (correlationid, epoch, sequence) where correlationid is not null;
create index events_by_cause on events (causationid) where causationid is not null;

-- The types that occur, so that a glob is resolved without looking at events.
create table types (type text collate "C" primary key);

-- What came over the stream and is not in the log: quarantine (conflict, forged, no-question) and parked.
create table withheld (
  epoch bigint not null,
  sequence bigint not null,
  at timestamptz not null,
  why text not null,
  detail text not null,
  subject text not null,
  headers text,
  body text not null,
  primary key (epoch, sequence)
);

create table runs (
  run text collate "C" primary key,
  project text collate "C",
  subproject text collate "C",
  runname text collate "C",
  workflow text,
  correlationid text,
  started_epoch bigint,
  started_sequence bigint,
  started_at timestamptz,
  state text,
  verdict text,
  tasks bigint,
  cached bigint,
  finished_at timestamptz
) with (fillfactor = 80);
create index runs_by_start on runs (started_epoch, started_sequence);
create index runs_by_name on runs (runname, project);

-- An attempt points into the log; inputs, outputs, messages and problems are read from the events themselves.
-- Its key begins with the run, so the attempts of a run lie together.
create table attempts (
  triggeredid text collate "C" primary key,
  project text collate "C" not null,
  task text collate "C" not null,
  capability text not null,
  handler text not null,
  role text not null,
  attempt bigint not null,
  triggered_epoch bigint not null,
  triggered_sequence bigint not null,
  triggered_at timestamptz not null,
  started_at timestamptz,
  progressed_epoch bigint,
  progressed_sequence bigint,
  finished_epoch bigint,
  finished_sequence bigint,
  finished_at timestamptz,
  status text,
  result text,
  cached boolean
) with (fillfactor = 70);

-- Answers after the counted one: kept in the log, and marked here.
create table late (
  epoch bigint not null,
  sequence bigint not null,
  triggeredid text collate "C" not null,
  primary key (epoch, sequence)
);

create table metrics (
  run text collate "C" not null,
  name text collate "C" not null,
  value double precision not null,
  task text, -- none when the run itself says it
  primary key (run, name)
) with (fillfactor = 80);

create table artifacts (
  digest text collate "C" not null,
  project text collate "C" not null,
  media_type text not null,
  size bigint,
  name text,
  primary key (digest, project)
);

-- Which task made an artifact and which used it.
create table lineage (
  digest text collate "C" not null,
  project text collate "C" not null,
  task text collate "C" not null,
  produced boolean not null,
  primary key (digest, project, task, produced)
);
