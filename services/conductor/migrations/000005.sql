-- Contracts that were published at run time, in the version in force.
create table capabilities (key text collate "C" primary key, row jsonb not null);
