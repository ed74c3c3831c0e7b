create table artifacts (
  digest text collate "C" not null,
  project text collate "C" not null,
  media_type text not null,
  size bigint,
  name text,
  constraint artifacts_pkey PRIMARY KEY (digest, project)
);

create table attempts (
  triggeredid text collate "C" not null,
  project text collate "C" not null,
  task text collate "C" not null,
  capability text not null,
  handler text not null,
  role text not null,
  attempt bigint not null,
  triggered_epoch bigint not null,
  triggered_sequence bigint not null,
  triggered_at timestamp with time zone not null,
  started_at timestamp with time zone,
  progressed_epoch bigint,
  progressed_sequence bigint,
  finished_epoch bigint,
  finished_sequence bigint,
  finished_at timestamp with time zone,
  status text,
  result text,
  cached boolean,
  constraint attempts_pkey PRIMARY KEY (triggeredid)
) with (fillfactor=70);

create table events (
  epoch bigint not null,
  sequence bigint not null,
  at timestamp with time zone not null,
  id text collate "C" not null,
  source text collate "C" not null,
  type text collate "C" not null,
  project text collate "C" not null,
  subject text collate "C",
  run text collate "C",
  correlationid text collate "C",
  causationid text collate "C",
  digest bytea not null,
  body text not null,
  constraint events_pkey PRIMARY KEY (epoch, sequence)
);
CREATE INDEX events_by_cause ON events USING btree (causationid) WHERE causationid IS NOT NULL;
CREATE INDEX events_of_run ON events USING btree (run, epoch, sequence) WHERE run IS NOT NULL;
CREATE INDEX events_of_story ON events USING btree (correlationid, epoch, sequence) WHERE correlationid IS NOT NULL;
CREATE UNIQUE INDEX events_key ON events USING btree (id, source, type, project);

create table late (
  epoch bigint not null,
  sequence bigint not null,
  triggeredid text collate "C" not null,
  constraint late_pkey PRIMARY KEY (epoch, sequence)
);

create table lineage (
  digest text collate "C" not null,
  project text collate "C" not null,
  task text collate "C" not null,
  produced boolean not null,
  constraint lineage_pkey PRIMARY KEY (digest, project, task, produced)
);

create table metrics (
  run text collate "C" not null,
  name text collate "C" not null,
  value double precision not null,
  task text,
  constraint metrics_pkey PRIMARY KEY (run, name)
) with (fillfactor=80);

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
  events bigint not null,
  withheld bigint not null,
  constraint position_pkey PRIMARY KEY (singleton),
  constraint position_singleton_check CHECK (singleton)
) with (fillfactor=50);

create table runs (
  run text collate "C" not null,
  project text collate "C",
  subproject text collate "C",
  runname text collate "C",
  workflow text,
  correlationid text,
  started_epoch bigint,
  started_sequence bigint,
  started_at timestamp with time zone,
  state text,
  verdict text,
  tasks bigint,
  cached bigint,
  finished_at timestamp with time zone,
  constraint runs_pkey PRIMARY KEY (run)
) with (fillfactor=80);
CREATE INDEX runs_by_name ON runs USING btree (runname, project);
CREATE INDEX runs_by_start ON runs USING btree (started_epoch, started_sequence);

create table types (
  type text collate "C" not null,
  constraint types_pkey PRIMARY KEY (type)
);

create table withheld (
  epoch bigint not null,
  sequence bigint not null,
  at timestamp with time zone not null,
  why text not null,
  detail text not null,
  subject text not null,
  headers text,
  body text not null,
  told boolean not null default false,
  constraint withheld_pkey PRIMARY KEY (epoch, sequence)
);
CREATE INDEX withheld_told ON withheld USING btree (why, subject) WHERE told;
CREATE INDEX withheld_untold ON withheld USING btree (epoch, sequence) WHERE NOT told;
