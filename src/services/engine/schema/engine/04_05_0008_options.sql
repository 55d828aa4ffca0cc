-- Options that the engine reads, with what they usually are. What is there already stays as it is.
insert into vdc_options (option_name, option_value, default_value)
values
  -- members of one page of a search
  ('SearchResultsLimit', '100', '100'),
  -- jobs: how often old ones are looked for, and how many minutes they are kept
  ('JobCleanupRateInMinutes', '10', '10'),
  ('SucceededJobCleanupTimeInMinutes', '10', '10'),
  ('FailedJobCleanupTimeInMinutes', '60', '60')
on conflict (option_name, version) do nothing;
