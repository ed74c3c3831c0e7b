-- What a capability does outside: one that was published says so, one that only a handler told of does not.
alter table capabilities add column effects text not null default 'none';
