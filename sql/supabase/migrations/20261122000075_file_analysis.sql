-- 20261122000075_file_analysis.sql
-- The summary of a document is found by the document's path, among however many jobs.
-- Needs: 20261122000006_jobs.sql

create index jobs_analysed_path_idx on public.jobs (user_id, (output_data ->> 'path'), created_at)
  where job_type = 'file_analysis' and status = 'completed';
