-- 20261122000077_image_inputs.sql
-- Pictures to change are found by the jobs that want them, so that nothing is removed that is needed.
-- Needs: 20261122000006_jobs.sql

create index jobs_input_image_idx on public.jobs ((input_data ->> 'inputImage'))
  where (input_data ->> 'inputImage') is not null;
