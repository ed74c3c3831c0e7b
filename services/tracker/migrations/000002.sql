-- What could not be folded when it was read. No fold of the stream: what happened to this reader, kept when its state is
-- made anew. A row stays after it was redriven, with the place of the fact that did it.
create table parked (
  epoch bigint not null,
  sequence bigint not null,
  at timestamptz not null,
  subject text not null,
  body bytea not null,
  digest text,
  refused text,
  reason text not null,
  times bigint not null default 1,
  redriven_epoch bigint,
  redriven_sequence bigint,
  told boolean not null default false,
  primary key (epoch, sequence)
);
create index parked_waiting on parked (epoch, sequence) where redriven_epoch is null;
create index parked_untold on parked (epoch, sequence) where not told;
