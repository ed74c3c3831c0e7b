-- Each activation takes the next number with its state. Whoever wrote under an earlier one writes nothing any more, wherever
-- the position stands.
alter table position add column activation bigint not null default 0;
