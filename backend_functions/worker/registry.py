"""The types of jobs there are; a new one is a module and a row here."""

from backend_functions.file_analysis.job import FILE_ANALYSIS
from backend_functions.image_generation.job import IMAGE_GENERATION
from backend_functions.jobs.job import JobType

JOB_TYPES: dict[str, JobType] = {row.name: row for row in (IMAGE_GENERATION, FILE_ANALYSIS)}
