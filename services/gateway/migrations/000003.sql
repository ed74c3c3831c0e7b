-- Who is told of events, and up to where. A row a subscription, none an event.
create table subscriptions (
  id text primary key,
  -- null: all projects.
  project text,
  sink text not null,
  filters jsonb not null,
  format text not null,
  key text not null,
  -- Everything up to here was told, or is not wanted.
  position text not null,
  -- Deliveries of the next event that failed, and when the next one is due.
  failures integer not null default 0,
  due_at timestamptz,
  -- Why it stands still.
  paused text,
  created_at timestamptz not null default now(),
  created_by text,
  -- Which gateway tells, and how long nobody else may.
  teller text,
  teller_until timestamptz
);
