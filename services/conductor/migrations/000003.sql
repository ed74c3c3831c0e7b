-- What one handler of several is asked, and every shadow, beside the task. Nothing may wait for it, so it can be unfinished
-- when its run is over.
create table asks (key text collate "C" primary key, row jsonb not null) with (fillfactor = 75);
create index asks_unfinished on asks (key) where row->>'status' in ('ready', 'triggered', 'started');
