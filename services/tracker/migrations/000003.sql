-- Of what is withheld for one reason on one subject the first becomes a fact; all of it is in the log of the process.
alter table withheld add column told boolean not null default false;
create index withheld_untold on withheld (epoch, sequence) where not told;
create index withheld_told on withheld (why, subject) where told;
