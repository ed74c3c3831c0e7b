-- Capabilities that handlers answer beside the built-in ones, as handler.registered said: what a workflow may ask for.
create table capabilities (name text primary key);
